//! What is asked about each patron of a category: only where the policies on trial differ from those in force.

use super::{Right, Subject};
use crate::{Rulebook, imports::MATERIALS};
use chrono::NaiveDate;
use kortisto_domain::{
    DeviceKind, ItemState, Moment, OpeningMode, PatronCategory, ResourceKind,
    enter::{self, Entry},
    facts::{DayWindow, Item, OpeningHours, Resource},
    lend::{self, Lending},
    policy::{EntryPolicy, LendingPolicy, PolicyRow, PolicySet, UnknownBirthDate},
};
use kortisto_store::queries::party::Party;
use std::collections::BTreeMap;

/// The lowest age rating, in years.
const LOWEST_RATING: u8 = 7;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// One right, decided by two policies.
pub(super) struct Question {
    pub(super) subject: Subject,
    branch: i64,
    policies: Policies,
}

enum Policies {
    Borrow { old: LendingPolicy, new: LendingPolicy, item: Item },
    Use { old: EntryPolicy, new: EntryPolicy, resource: Resource, device: DeviceKind, hours: OpeningHours },
}

impl Question {
    /// Whether the patron has the right with the policies in force, and with those on trial.
    pub(super) fn ask(&self, rulebook: &Rulebook, party: &Party, moment: &Moment) -> (bool, bool) {
        debug_assert!(rulebook.branch(self.branch).is_some(), "a question is about a branch that there is");
        let Party { card, patron, patron_id, .. } = party;
        let branch = self.branch;
        match &self.policies {
            Policies::Borrow { old, new, item } => {
                let item = Some(item);
                let may = |policy| {
                    let lending =
                        Lending { card, patron, patron_id: *patron_id, item, branch, policy, moment };
                    lend::decide(&lending).decision.is_granted()
                };
                (may(old), may(new))
            }
            Policies::Use { old, new, resource, device, hours } => {
                let (resource, device) = (Some(resource), *device);
                let may = |policy| {
                    enter::decide(&Entry { card, patron, resource, device, branch, hours, policy, moment })
                        .is_granted()
                };
                (may(old), may(new))
            }
        }
    }
}

/// The materials of which policies speak.
pub(super) fn materials(rows: &[PolicyRow]) -> Vec<&'static str> {
    let named =
        |material: &&'static str| rows.iter().any(|row| row.scope.material.as_deref() == Some(*material));
    MATERIALS.into_iter().filter(named).collect()
}

/// The questions about patrons of a category on a day.
pub(super) fn questions(
    rulebook: &Rulebook,
    new: &PolicySet,
    category: PatronCategory,
    day: NaiveDate,
    materials: &[&'static str],
) -> Vec<Question> {
    let mut all = Vec::new();
    for (branch, details) in rulebook.branches() {
        let place = rulebook.place(branch);
        let mut push = |right, material, policies| {
            let subject = Subject { right, branch: details.code.clone(), material };
            all.push(Question { subject, branch, policies });
        };
        let lending = |material: &str| {
            let old = rulebook.policies.lending(&place, category, material, day);
            (old, new.lending(&place, category, material, day))
        };
        // No policy can speak of a material without a name.
        let general = lending("");
        for material in [""].into_iter().chain(materials.iter().copied()) {
            let pair = lending(material);
            if !material.is_empty() && pair == general {
                continue;
            }
            let (old, new) = pair;
            if limits(old) != limits(new) {
                push(Right::Borrow, material, Policies::Borrow { old, new, item: item(material, None) });
            }
            if old.rating_unknown_birth_date != new.rating_unknown_birth_date {
                let item = item(material, Some(LOWEST_RATING));
                push(Right::BorrowRated, material, Policies::Borrow { old, new, item });
            }
        }
        let old = rulebook.policies.entry(&place, category, day);
        let new = new.entry(&place, category, day);
        if old == new {
            continue;
        }
        let ways = [
            (Right::Enter, ResourceKind::Door, DeviceKind::Door),
            (Right::UsePc, ResourceKind::Pc, DeviceKind::PcBooking),
        ];
        for (right, kind, device) in ways {
            // Of several, the one that shuts out fewest: who may not use it may use none.
            let own = rulebook.resources(branch).map(|(_, resource)| resource);
            let widest = own.filter(|own| own.kind == kind).min_by_key(|own| own.min_age.unwrap_or(0));
            if let Some(resource) = widest {
                let policies =
                    Policies::Use { old, new, resource: resource.clone(), device, hours: open_on(day) };
                push(right, "", policies);
            }
        }
    }
    all
}

/// What of a policy decides about an item without a rating: everything but the period and the rule for ratings.
const fn limits(policy: LendingPolicy) -> LendingPolicy {
    LendingPolicy { period_days: 0, rating_unknown_birth_date: UnknownBirthDate::Refuse, ..policy }
}

fn item(material: &str, age_rating: Option<u8>) -> Item {
    Item {
        state: ItemState::Available,
        material: material.to_owned(),
        age_rating,
        home_branch: 0,
        borrower: None,
        kept_for: None,
    }
}

/// Hours that are open without staff all day.
fn open_on(day: NaiveDate) -> OpeningHours {
    let window = DayWindow { opens_minute: 0, closes_minute: DAY_MINUTES, mode: OpeningMode::SelfService };
    OpeningHours { windows: Vec::new(), exceptions: BTreeMap::from([(day, vec![window])]) }
}
