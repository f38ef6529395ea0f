//! A hold that is over lets go of its item.
//!
//! Nobody moves the item at that moment. One that stands on a hold shelf goes to the first hold of the queue that it
//! can serve, if that one is picked up right there; it stays where it is and gets that hold's number. Every other one
//! keeps its place, is on the list of what is to be taken off the shelf, and its next scan says where it goes. So does
//! one in a compartment, which somebody has to open first. The order of the queue is that of a return.

use super::ready::HoldShelf;
use crate::{Rulebook, desk::world::World};
use chrono::NaiveDate;
use kortisto_domain::{
    ItemState,
    facts::{self, QueuedHold},
    policy::ItemClass,
    take_back::{self, Routing, TakeBack},
};
use kortisto_store::queries::{
    changes::{Changes, ItemRow},
    circulation_facts::Queued,
    item::Item,
};
use uuid::Uuid;

/// Notes what becomes of the item that was kept for a hold that is over. Gives the hold of the queue that gets it. Item
/// and title are held.
pub(crate) fn release(
    shelf: &HoldShelf<'_>,
    changes: &mut Changes,
    item: &Item,
    queue: &[Queued],
    in_compartment: bool,
) -> Option<Uuid> {
    let waits_here = item.state == ItemState::OnHoldShelf && item.at_branch_id == shelf.branch;
    let place = if waits_here && !in_compartment { served_here(shelf, item, queue) } else { None };
    let next = place.and_then(|place| queue.get(place));
    let next = next.map(|hold| shelf.receive(changes, hold.id, hold.patron_id, item.id).id);
    let row = ItemRow {
        id: item.id,
        state: item.state.code(),
        at_branch_id: item.at_branch_id,
        kept_for_hold_id: next,
    };
    changes.items.insert(item.id, row);
    next
}

/// The place of the hold that a return would hand the item to, if it is picked up here.
fn served_here(shelf: &HoldShelf<'_>, item: &Item, queue: &[Queued]) -> Option<usize> {
    let (rulebook, today) = (shelf.rulebook, shelf.moment.today());
    let facts = facts::Item { kept_for: None, ..World::item_facts(item, rulebook, today) };
    let queue = as_queue(rulebook, facts.class(), today, queue);
    let branch = shelf.branch;
    match take_back::route(&TakeBack { item: &facts, item_id: item.id, branch, queue: &queue }) {
        Routing::HoldShelf { queue_index } => queue_index,
        Routing::Shelf | Routing::Staff | Routing::TransitHome { .. } | Routing::TransitToHold { .. } => None,
    }
}

/// The queue of an item of this class as the rules see it.
pub(crate) fn as_queue<'q>(
    rulebook: &Rulebook,
    class: ItemClass<'_>,
    today: NaiveDate,
    queue: impl IntoIterator<Item = &'q Queued>,
) -> Vec<QueuedHold> {
    let queued = |hold: &Queued| QueuedHold {
        patron: hold.patron_id,
        pickup_branch: hold.pickup_branch_id,
        only_item: hold.only_item_id,
        only_branch: hold.only_branch_id,
        allowed: {
            let place = rulebook.place(hold.pickup_branch_id);
            rulebook.policies.may_hold(&place, hold.category, class, today)
        },
    };
    queue.into_iter().map(queued).collect()
}
