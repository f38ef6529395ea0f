//! Where does a returned item go?
//!
//! Anybody may bring an item back, so nothing is asked about a patron and nothing is refused.

use crate::facts::{Item, QueuedHold};
use crate::{ItemState, waiting};

/// An item that has come back.
#[derive(Debug, Clone, Copy)]
pub struct TakeBack<'a> {
    /// The item as it was before.
    pub item: &'a Item,
    /// Its id, for holds that wait for this very item.
    pub item_id: i64,
    /// The branch where it is.
    pub branch: i64,
    /// The pending holds that wait for its title or for itself, in the order of the queue.
    pub queue: &'a [QueuedHold],
}

/// What becomes of a returned item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// To its place here.
    Shelf,
    /// To the hold shelf here.
    HoldShelf {
        /// The hold of the queue that takes it; none where it is kept for a hold already.
        queue_index: Option<usize>,
    },
    /// To its home branch.
    TransitHome {
        /// That branch.
        to: i64,
    },
    /// To another branch, where its hold is picked up.
    TransitToHold {
        /// The hold of the queue that takes it; none where it is kept for a hold already.
        queue_index: Option<usize>,
        /// That branch.
        to: i64,
    },
    /// To the staff: it may not be lent.
    Staff,
}

/// Decides where the item goes: to staff where it may not be lent, else to the hold that keeps it, else
/// to the first hold of the queue that it can serve, else home.
///
/// An item that is kept stays kept, also where the queue has changed since: its holder may have been
/// told. A lost item that turns up goes to staff, who settle what has been charged for it.
#[must_use]
pub fn route(take_back: &TakeBack<'_>) -> Routing {
    let TakeBack { item, item_id, branch, queue } = *take_back;
    match item.state {
        ItemState::Available | ItemState::InTransit | ItemState::OnHoldShelf => {}
        ItemState::NotForLoan | ItemState::Lost | ItemState::Withdrawn | ItemState::InRepair => {
            return Routing::Staff;
        }
    }
    let to_hold = |queue_index, to| {
        if to == branch {
            Routing::HoldShelf { queue_index }
        } else {
            Routing::TransitToHold { queue_index, to }
        }
    };
    if let Some(kept) = item.kept_for {
        return to_hold(None, kept.pickup_branch);
    }
    let can_serve = |hold: &QueuedHold| waiting::against(hold, item_id, item.home_branch).is_none();
    if let Some(index) = queue.iter().position(can_serve) {
        return to_hold(Some(index), queue[index].pickup_branch);
    }
    if item.home_branch == branch { Routing::Shelf } else { Routing::TransitHome { to: item.home_branch } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::KeptFor;
    use crate::samples::{OTHER_BRANCH, OTHER_PATRON, OUR_BRANCH, OUR_PATRON, book};
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;

    const ITEM: i64 = 500;
    const OTHER_ITEM: i64 = 501;

    fn queued(pickup_branch: i64, only_item: Option<i64>) -> QueuedHold {
        QueuedHold { patron: OTHER_PATRON, pickup_branch, only_item, only_branch: None, allowed: true }
    }

    fn kept(state: ItemState, pickup_branch: i64) -> Item {
        Item { state, kept_for: Some(KeptFor { patron: OUR_PATRON, pickup_branch, card: None }), ..book() }
    }

    fn go(item: &Item, queue: &[QueuedHold]) -> Routing {
        route(&TakeBack { item, item_id: ITEM, branch: OUR_BRANCH, queue })
    }

    #[test]
    fn without_holds_an_item_goes_home() {
        for state in [ItemState::Available, ItemState::InTransit, ItemState::OnHoldShelf] {
            let of_ours = Item { state, ..book() };
            assert_eq!(go(&of_ours, &[]), Routing::Shelf, "{state:?}");
            let of_others = Item { state, home_branch: OTHER_BRANCH, ..book() };
            assert_eq!(go(&of_others, &[]), Routing::TransitHome { to: OTHER_BRANCH }, "{state:?}");
        }
    }

    #[test]
    fn the_first_hold_that_it_can_serve_takes_it() {
        let to_shelf = |index| Routing::HoldShelf { queue_index: Some(index) };
        let away = |index| Routing::TransitToHold { queue_index: Some(index), to: OTHER_BRANCH };
        let table = [
            (vec![queued(OUR_BRANCH, None)], to_shelf(0)),
            (vec![queued(OTHER_BRANCH, None)], away(0)),
            (vec![queued(OTHER_BRANCH, None), queued(OUR_BRANCH, None)], away(0)),
            (vec![queued(OUR_BRANCH, Some(ITEM)), queued(OTHER_BRANCH, None)], to_shelf(0)),
            (vec![queued(OUR_BRANCH, Some(OTHER_ITEM)), queued(OTHER_BRANCH, None)], away(1)),
            (vec![queued(OTHER_BRANCH, Some(OTHER_ITEM)), queued(OUR_BRANCH, Some(ITEM))], to_shelf(1)),
            (vec![queued(OUR_BRANCH, Some(OTHER_ITEM))], Routing::Shelf),
        ];
        for (queue, expected) in table {
            assert_eq!(go(&book(), &queue), expected, "{queue:?}");
        }
    }

    #[test]
    fn an_item_that_may_not_be_held_serves_nobody_but_who_waits_for_it() {
        let forbidden = |only_item| QueuedHold { allowed: false, ..queued(OUR_BRANCH, only_item) };
        assert_eq!(go(&book(), &[forbidden(None)]), Routing::Shelf);
        let queue = [forbidden(None), forbidden(Some(ITEM)), queued(OUR_BRANCH, None)];
        assert_eq!(go(&book(), &queue), Routing::HoldShelf { queue_index: Some(1) });
        assert_eq!(go(&book(), &[queue[0], queue[2]]), Routing::HoldShelf { queue_index: Some(1) });
    }

    #[test]
    fn a_hold_on_items_of_a_branch_waits_for_one_of_them() {
        let of_branch =
            |only_branch| QueuedHold { only_branch: Some(only_branch), ..queued(OUR_BRANCH, None) };
        let queue = [of_branch(OTHER_BRANCH), of_branch(OUR_BRANCH)];
        assert_eq!(go(&book(), &queue), Routing::HoldShelf { queue_index: Some(1) });
        let of_others = Item { home_branch: OTHER_BRANCH, ..book() };
        assert_eq!(go(&of_others, &queue), Routing::HoldShelf { queue_index: Some(0) });
        assert_eq!(go(&book(), &queue[..1]), Routing::Shelf);
    }

    #[test]
    fn a_kept_item_stays_kept_whoever_waits() {
        let queue = [queued(OUR_BRANCH, Some(ITEM)), queued(OTHER_BRANCH, None)];
        for state in [ItemState::Available, ItemState::InTransit, ItemState::OnHoldShelf] {
            let here = go(&kept(state, OUR_BRANCH), &queue);
            assert_eq!(here, Routing::HoldShelf { queue_index: None }, "{state:?}");
            let away = go(&kept(state, OTHER_BRANCH), &queue);
            assert_eq!(away, Routing::TransitToHold { queue_index: None, to: OTHER_BRANCH }, "{state:?}");
        }
    }

    #[test]
    fn what_may_not_be_lent_goes_to_staff() {
        let queue = [queued(OUR_BRANCH, None)];
        for state in [ItemState::NotForLoan, ItemState::Lost, ItemState::Withdrawn, ItemState::InRepair] {
            assert_eq!(go(&Item { state, ..book() }, &queue), Routing::Staff, "{state:?}");
            assert_eq!(go(&kept(state, OUR_BRANCH), &[]), Routing::Staff, "{state:?}, kept");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_overtaken(
            holds in proptest::collection::vec(
                (select(vec![OUR_BRANCH, OTHER_BRANCH]), option::of(select(vec![ITEM, OTHER_ITEM]))), 0..6),
            home in select(vec![OUR_BRANCH, OTHER_BRANCH]),
        ) {
            let queue: Vec<_> = holds.into_iter().map(|(branch, only)| queued(branch, only)).collect();
            let servable = |hold: &QueuedHold| hold.only_item != Some(OTHER_ITEM);
            let taken = match go(&Item { home_branch: home, ..book() }, &queue) {
                Routing::HoldShelf { queue_index } => {
                    prop_assert!(queue_index.is_some_and(|index| queue[index].pickup_branch == OUR_BRANCH));
                    queue_index
                }
                Routing::TransitToHold { queue_index, to } => {
                    prop_assert!(queue_index.is_some_and(|index| queue[index].pickup_branch == to));
                    prop_assert_ne!(to, OUR_BRANCH);
                    queue_index
                }
                Routing::TransitHome { to } => {
                    prop_assert_ne!(to, OUR_BRANCH);
                    None
                }
                Routing::Shelf => None,
                Routing::Staff => return Err(TestCaseError::fail("nothing is wrong with the item")),
            };
            prop_assert_eq!(taken, queue.iter().position(servable));
        }
    }
}
