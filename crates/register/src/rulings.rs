//! Questions to the rules, put together from facts and rulebook in one place: a device that asks and a staff member
//! who wants to know why are answered by the same decision.

use crate::Rulebook;
use kortisto_domain::{
    Decision, DeviceKind, Moment,
    enter::{self, Entry},
    facts,
    lend::{self, LendDecision, Lending},
    pick_up::{self, HoldAtPickup},
    policy::LendingPolicy,
};

/// Who asks, where and when.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) card: &'a facts::Card,
    pub(crate) patron: &'a facts::Patron,
    /// The key under which loans and holds know the patron.
    pub(crate) patron_id: i64,
    /// The key under which holds know the card.
    pub(crate) card_id: i64,
    /// The branch of the device.
    pub(crate) branch: i64,
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) moment: &'a Moment,
}

impl Asker<'_> {
    /// May this item be lent?
    pub(crate) fn lend(&self, item: Option<&facts::Item>) -> LendDecision {
        lend::decide(&self.lending(item, &self.lending_policy(item)))
    }

    /// May this hold be picked up, for which `item` waits?
    pub(crate) fn pick_up(&self, hold: Option<HoldAtPickup>, item: Option<&facts::Item>) -> LendDecision {
        pick_up::decide(&pick_up::PickUp { lending: self.lending(item, &self.lending_policy(item)), hold })
    }

    /// May this resource be used, asked by a device of this kind?
    pub(crate) fn enter(&self, device: DeviceKind, resource: Option<&facts::Resource>) -> Decision {
        let place = self.rulebook.place(self.branch);
        enter::decide(&Entry {
            card: self.card,
            patron: self.patron,
            resource,
            device,
            branch: self.branch,
            hours: self.rulebook.hours(self.branch),
            policy: &self.rulebook.policies.entry(&place, self.patron.category, self.moment.today()),
            moment: self.moment,
        })
    }

    fn lending_policy(&self, item: Option<&facts::Item>) -> LendingPolicy {
        self.rulebook.policies.lending(
            &self.rulebook.place(self.branch),
            self.patron.category,
            item.map(facts::Item::class).unwrap_or_default(),
            self.moment.today(),
        )
    }

    fn lending<'a>(&'a self, item: Option<&'a facts::Item>, policy: &'a LendingPolicy) -> Lending<'a> {
        Lending {
            card: self.card,
            patron: self.patron,
            patron_id: self.patron_id,
            card_id: self.card_id,
            item,
            branch: self.branch,
            hours: self.rulebook.hours(self.branch),
            policy,
            moment: self.moment,
        }
    }
}
