//! May this patron pick up this hold?
//!
//! Only the holder may, and by policy the guardian of a child, whatever the order of the queue: what is ready has been
//! taken out of it.

use crate::facts::KeptFor;
use crate::holders::{self, Taker};
use crate::lend::{self, LendDecision, Lending};
use crate::{HoldState, Reason};

/// A patron who wants to take what waits for them.
#[derive(Debug, Clone, Copy)]
pub struct PickUp<'a> {
    /// The loan that the pickup becomes; its item is the one that waits for the hold.
    pub lending: Lending<'a>,
    /// The hold; none where there is no such hold.
    pub hold: Option<HoldAtPickup>,
}

/// A hold, as far as a pickup asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldAtPickup {
    /// Whose it is.
    pub patron: i64,
    /// Where it stands.
    pub state: HoldState,
    /// Where it is picked up.
    pub pickup_branch: i64,
}

/// Decides about a pickup, with every reason that holds.
///
/// Of the hold: `HoldUnknown`, `HoldNotReady`, `HoldAtOtherBranch`. Of card, patron and item: those of
/// [`lend::decide`], the item's only where the hold is this patron's and ready. So the hold of somebody
/// else is answered like one that does not exist, and a ready hold without an item, which no turn of
/// the register leaves behind, is not ready.
#[must_use]
pub fn decide(pick_up: &PickUp<'_>) -> LendDecision {
    let PickUp { lending, hold } = pick_up;
    lend::conclude(lending, |reasons| {
        let own_hold = hold.filter(|hold| is_for(hold, lending));
        match (own_hold, lending.item) {
            (None, _) => reasons.push(Reason::HoldUnknown),
            (Some(hold), Some(item)) if hold.state == HoldState::Ready => {
                if hold.pickup_branch != lending.branch {
                    reasons.push(Reason::HoldAtOtherBranch);
                }
                lend::push_item_reasons(lending, item, reasons);
            }
            (Some(_), _) => reasons.push(Reason::HoldNotReady),
        }
    })
}

/// Whether the hold is the patron's to know of: their own or that of a child whom they may run errands for.
fn is_for(hold: &HoldAtPickup, lending: &Lending<'_>) -> bool {
    let kept = KeptFor { patron: hold.patron, pickup_branch: hold.pickup_branch, card: None };
    let taker = Taker { patron: lending.patron, patron_id: lending.patron_id, card_id: lending.card_id };
    holders::refusal(&kept, &taker, &lending.policy.holders, lending.moment).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Item, KeptFor, OpeningHours, Patron};
    use crate::holders::HolderPolicy;
    use crate::policy::{ClosedDueDay, DebtComparator, DuePolicy, LendingPolicy, UnknownBirthDate};
    use crate::samples::{
        OTHER_BRANCH, OTHER_PATRON, OUR_BRANCH, OUR_PATRON, arb_patron, ban, blocks, book, card, date, local,
        patron, ward,
    };
    use crate::{BanKind, ItemState};
    use proptest::prelude::*;

    const OUR_HOLD: HoldAtPickup =
        HoldAtPickup { patron: OUR_PATRON, state: HoldState::Ready, pickup_branch: OUR_BRANCH };

    fn kept(patron: i64) -> Item {
        let kept_for = Some(KeptFor { patron, pickup_branch: OUR_BRANCH, card: None });
        Item { state: ItemState::OnHoldShelf, kept_for, ..book() }
    }

    fn ask(patron: &Patron, item: Option<&Item>, hold: Option<HoldAtPickup>) -> LendDecision {
        let policy = LendingPolicy {
            due: DuePolicy { period_days: 14, held_period_days: None, closed_day: ClosedDueDay::Keep },
            max_total: None,
            max_material: None,
            blocks: blocks(DebtComparator::AtLeast),
            rating_unknown_birth_date: UnknownBirthDate::Refuse,
            holders: HolderPolicy { guardian_picks_up: true, same_card_only: false, guardian_end_age: 15 },
        };
        let lending = Lending {
            card: &card(),
            patron,
            patron_id: OUR_PATRON,
            card_id: 1,
            item,
            branch: OUR_BRANCH,
            hours: &OpeningHours::default(),
            policy: &policy,
            moment: &local("2026-05-20 12:00"),
        };
        decide(&PickUp { lending, hold })
    }

    #[test]
    fn the_holder_takes_what_is_ready_here() {
        let taken = ask(&patron(), Some(&kept(OUR_PATRON)), Some(OUR_HOLD));
        assert!(taken.decision.is_granted());
        assert_eq!(taken.due.on, date("2026-06-03"));
    }

    #[test]
    fn a_hold_of_somebody_else_is_answered_like_none() {
        let item = Item { age_rating: Some(18), borrower: Some(OTHER_PATRON), ..kept(OTHER_PATRON) };
        let young = Patron { birth_date: Some(date("2015-01-01")), ..patron() };
        for state in HoldState::ALL {
            for pickup_branch in [OUR_BRANCH, OTHER_BRANCH] {
                let theirs = HoldAtPickup { patron: OTHER_PATRON, state: *state, pickup_branch };
                let answer = ask(&young, Some(&item), Some(theirs));
                assert_eq!(answer.decision.reasons(), [Reason::HoldUnknown]);
                assert_eq!(answer, ask(&young, None, None));
            }
        }
    }

    #[test]
    fn a_guardian_takes_what_waits_for_a_child() {
        let theirs = HoldAtPickup { patron: OTHER_PATRON, ..OUR_HOLD };
        let guardian = Patron { wards: vec![ward()], ..patron() };
        assert!(ask(&guardian, Some(&kept(OTHER_PATRON)), Some(theirs)).decision.is_granted());
        let stranger = ask(&patron(), Some(&kept(OTHER_PATRON)), Some(theirs));
        assert_eq!(stranger.decision.reasons(), [Reason::HoldUnknown]);
    }

    #[test]
    fn only_a_ready_hold_is_picked_up() {
        for state in HoldState::ALL {
            for pickup_branch in [OUR_BRANCH, OTHER_BRANCH] {
                let hold = HoldAtPickup { state: *state, pickup_branch, ..OUR_HOLD };
                let expected: &[Reason] = match (state, pickup_branch) {
                    (HoldState::Ready, OUR_BRANCH) => &[],
                    (HoldState::Ready, _) => &[Reason::HoldAtOtherBranch],
                    _ => &[Reason::HoldNotReady],
                };
                let answer = ask(&patron(), Some(&kept(OUR_PATRON)), Some(hold));
                assert_eq!(answer.decision.reasons(), expected, "{state:?} at {pickup_branch}");
            }
        }
        let without_item = ask(&patron(), None, Some(OUR_HOLD));
        assert_eq!(without_item.decision.reasons(), [Reason::HoldNotReady]);
    }

    #[test]
    fn what_forbids_lending_forbids_picking_up() {
        let debtor = Patron { debt_cents: 1_000, bans: vec![ban(BanKind::Lending, None)], ..patron() };
        let table = [
            (kept(OUR_PATRON), vec![]),
            (Item { state: ItemState::InRepair, ..kept(OUR_PATRON) }, vec![Reason::ItemNotForLoan]),
            (kept(OTHER_PATRON), vec![Reason::ItemHeld]),
        ];
        for (item, of_item) in table {
            let expected = [vec![Reason::LendingBan, Reason::DebtLimit], of_item].concat();
            assert_eq!(ask(&debtor, Some(&item), Some(OUR_HOLD)).decision.reasons(), expected, "{item:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_but_the_holder_picks_up(
            patron in arb_patron(), holder in OTHER_PATRON.., state in 0..6_usize,
        ) {
            let hold = HoldAtPickup { patron: holder, state: HoldState::ALL[state], ..OUR_HOLD };
            let answer = ask(&patron, Some(&kept(OUR_PATRON)), Some(hold));
            prop_assert!(!answer.decision.is_granted());
            prop_assert!(answer.decision.reasons().is_sorted_by(|a, b| a < b));
        }
    }
}
