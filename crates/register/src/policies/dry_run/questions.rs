//! What is asked about each patron of a category: only where the policies on trial differ from those in force.

use super::{Right, Subject};
use crate::Rulebook;
use chrono::NaiveDate;
use kortisto_domain::{
    DeviceKind, ItemState, Moment, OpeningMode, PatronCategory, ResourceKind,
    enter::{self, Entry},
    facts::{DayWindow, Item, OpeningHours, Resource},
    lend::{self, Lending},
    policy::{
        ClosedDueDay, DuePolicy, EntryPolicy, ItemClass, LendingPolicy, PolicyRow, PolicySet,
        UnknownBirthDate,
    },
};
use kortisto_store::queries::party::Party;
use std::collections::{BTreeMap, BTreeSet};

/// The lowest age rating, in years.
const LOWEST_RATING: u8 = 7;

/// A period that says nothing.
const NO_PERIOD: DuePolicy =
    DuePolicy { period_days: 0, held_period_days: None, closed_day: ClosedDueDay::Keep };

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
        let Party { card, card_id, patron, patron_id, .. } = party;
        let branch = self.branch;
        match &self.policies {
            Policies::Borrow { old, new, item } => {
                let item = Some(item);
                let may = |policy| {
                    let lending = Lending {
                        card,
                        patron,
                        patron_id: *patron_id,
                        card_id: *card_id,
                        item,
                        branch,
                        hours: rulebook.hours(branch),
                        policy,
                        moment,
                    };
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

/// Material and collection of what policies tell apart, each empty where they do not.
pub(super) type Class = (String, String);

/// The classes of which policies speak.
pub(super) fn classes(rows: &[PolicyRow]) -> Vec<Class> {
    let named = |row: &PolicyRow| {
        (row.scope.material.clone().unwrap_or_default(), row.scope.collection.clone().unwrap_or_default())
    };
    let all: BTreeSet<Class> = rows.iter().map(named).collect();
    all.into_iter().filter(|(material, collection)| !(material.is_empty() && collection.is_empty())).collect()
}

/// The questions about patrons of a category on a day.
pub(super) fn questions(
    rulebook: &Rulebook,
    new: &PolicySet,
    category: PatronCategory,
    day: NaiveDate,
    classes: &[Class],
) -> Vec<Question> {
    let mut all = Vec::new();
    for (branch, details) in rulebook.branches() {
        let place = rulebook.place(branch);
        let mut push = |right, class: &Class, policies| {
            let (material, collection) = class.clone();
            let subject = Subject { right, branch: details.code.clone(), material, collection };
            all.push(Question { subject, branch, policies });
        };
        let lending = |(material, collection): &Class| {
            let class = ItemClass { material, collection };
            let old = rulebook.policies.lending(&place, category, class, day);
            (old, new.lending(&place, category, class, day))
        };
        // No policy can speak of a class without a name.
        let nameless = Class::default();
        let general = lending(&nameless);
        for class in [&nameless].into_iter().chain(classes) {
            let pair = lending(class);
            if *class != nameless && pair == general {
                continue;
            }
            let (old, new) = pair;
            if limits(old) != limits(new) {
                push(Right::Borrow, class, Policies::Borrow { old, new, item: item(class, None) });
            }
            if old.rating_unknown_birth_date != new.rating_unknown_birth_date {
                let item = item(class, Some(LOWEST_RATING));
                push(Right::BorrowRated, class, Policies::Borrow { old, new, item });
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
                push(right, &nameless, policies);
            }
        }
    }
    all
}

/// What of a policy decides about an item without a rating: everything but the period and the rule for ratings.
const fn limits(policy: LendingPolicy) -> LendingPolicy {
    LendingPolicy { due: NO_PERIOD, rating_unknown_birth_date: UnknownBirthDate::Refuse, ..policy }
}

fn item((material, collection): &Class, age_rating: Option<u8>) -> Item {
    Item {
        state: ItemState::Available,
        material: material.clone(),
        collection: collection.clone(),
        age_rating,
        home_branch: 0,
        borrower: None,
        kept_for: None,
        waited_for: false,
    }
}

/// Hours that are open without staff all day.
fn open_on(day: NaiveDate) -> OpeningHours {
    let window = DayWindow { opens_minute: 0, closes_minute: DAY_MINUTES, mode: OpeningMode::SelfService };
    OpeningHours { windows: Vec::new(), exceptions: BTreeMap::from([(day, vec![window])]) }
}
