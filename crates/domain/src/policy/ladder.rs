//! The rows of one key, the most specific first.

use super::{Place, PolicyRow, Scope};
use crate::PatronCategory;
use crate::validity::holds_on;
use chrono::NaiveDate;
use std::cmp::Reverse;

/// What is asked of a ladder. A key that does not know categories, materials or collections is asked without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) place: Option<&'a Place<'a>>,
    pub(super) category: Option<PatronCategory>,
    pub(super) material: Option<&'a str>,
    pub(super) collection: Option<&'a str>,
    pub(super) today: NaiveDate,
}

/// Every value of one key.
#[derive(Debug, Clone)]
pub(super) struct Ladder<T> {
    pub(super) key: &'static str,
    default: T,
    steps: Vec<Step<T>>,
}

/// One row of a key.
#[derive(Debug, Clone)]
pub(super) struct Step<T> {
    value: T,
    pub(super) scope: Scope,
    pub(super) valid_from: NaiveDate,
    pub(super) valid_until: Option<NaiveDate>,
    pub(super) decision: String,
}

impl<T: Copy> Ladder<T> {
    pub(super) const fn new(key: &'static str, default: T) -> Self {
        Self { key, default, steps: Vec::new() }
    }

    pub(super) fn add(&mut self, value: T, row: PolicyRow) {
        let PolicyRow { scope, valid_from, valid_until, decision, .. } = row;
        self.steps.push(Step { value, scope, valid_from, valid_until, decision });
    }

    /// Puts the step that wins before those it wins against; asked before this, a ladder answers wrongly.
    pub(super) fn order(&mut self) {
        self.steps.sort_by_key(|step| Reverse((rank(&step.scope), step.valid_from)));
    }

    /// The value of the first step that fits, else the default.
    pub(super) fn value(&self, question: &Question<'_>) -> T {
        self.winner(question).map_or(self.default, |step| step.value)
    }

    /// The step that decides, or none where the default does.
    pub(super) fn winner(&self, question: &Question<'_>) -> Option<&Step<T>> {
        self.steps.iter().find(|step| step.fits(question))
    }
}

impl<T> Step<T> {
    fn fits(&self, question: &Question<'_>) -> bool {
        let Scope { municipality, branch, category, material, collection } = &self.scope;
        fits(branch.as_ref(), question.place.map(|place| &place.branch))
            && fits(municipality.as_deref(), question.place.map(|place| place.municipality))
            && fits(category.as_ref(), question.category.as_ref())
            && fits(material.as_deref(), question.material)
            && fits(collection.as_deref(), question.collection)
            && holds_on(self.valid_from, self.valid_until, question.today)
    }
}

/// Whether what a scope asks for, if anything, is what the question is about.
fn fits<V: PartialEq + ?Sized>(wanted: Option<&V>, asked: Option<&V>) -> bool {
    wanted.is_none() || wanted == asked
}

/// How specific a scope is: branch, municipality, collection, material, category. Two scopes of one rank that fit
/// the same question are the same scope, so the first day decides every tie.
fn rank(scope: &Scope) -> [bool; 5] {
    let Scope { municipality, branch, category, material, collection } = scope;
    [branch.is_some(), municipality.is_some(), collection.is_some(), material.is_some(), category.is_some()]
}
