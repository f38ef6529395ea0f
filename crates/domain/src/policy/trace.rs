//! Which row gave each value that a decision used: for staff who ask why.
//!
//! A view asks its ladders through a [`Witness`]. The one of every decision says nothing and costs nothing; the one
//! of an explanation notes each answer. So an explanation names exactly the policies that the decision looked at.

use super::Scope;
use super::ladder::{Ladder, Question};
use super::value::PolicyValue;
use chrono::NaiveDate;

/// A value that a decision used, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedPolicy {
    /// The key, for example `ban.debt_limit_cents`.
    pub key: &'static str,
    /// The value, in the form of a policy row.
    pub value: String,
    /// The row that won; none where the default of the key applies.
    pub row: Option<AppliedRow>,
}

/// The policy row that won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedRow {
    /// Where and for whom it holds.
    pub scope: Scope,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until a later row takes its place.
    pub valid_until: Option<NaiveDate>,
    /// The decision that it rests on.
    pub decision: String,
}

/// Stands beside while a view asks.
pub(super) trait Witness {
    /// The value of a ladder.
    fn value<T: PolicyValue>(&mut self, ladder: &Ladder<T>, question: &Question<'_>) -> T;
}

/// Notes nothing.
pub(super) struct Nobody;

impl Witness for Nobody {
    fn value<T: PolicyValue>(&mut self, ladder: &Ladder<T>, question: &Question<'_>) -> T {
        ladder.value(question)
    }
}

/// Notes every answer, in the order of the questions.
#[derive(Default)]
pub(super) struct Clerk(pub(super) Vec<AppliedPolicy>);

impl Witness for Clerk {
    fn value<T: PolicyValue>(&mut self, ladder: &Ladder<T>, question: &Question<'_>) -> T {
        let value = ladder.value(question);
        let row = ladder.winner(question).map(|step| AppliedRow {
            scope: step.scope.clone(),
            valid_from: step.valid_from,
            valid_until: step.valid_until,
            decision: step.decision.clone(),
        });
        self.0.push(AppliedPolicy { key: ladder.key, value: value.text(), row });
        value
    }
}
