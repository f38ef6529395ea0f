//! `LoanService.Return`: takes an item back from anybody and says where it goes.

use super::fees::Charging;
use crate::{
    Caller, PickupSpot, Rpc, Rulebook,
    audit::About,
    desk::{Deferral, Reply, Turn, turn::request_hash},
    holds::{ready::HoldShelf, release::as_queue},
};
use kortisto_domain::{
    Decision, HoldState, ItemState, LoanState, Reason,
    take_back::{self, Routing, TakeBack},
};
use kortisto_store::queries::{
    changes::{ClosedLoanRow, HoldRow, ItemRow},
    dialect::At,
    item::{Item, KeepingHold, OpenLoan},
    party::Device,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One item, brought back.
#[derive(Debug, Clone)]
pub struct Return {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// The barcode.
    pub barcode: String,
}

/// Where the item goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnAnswer {
    /// The verdict.
    pub decision: Decision,
    /// The loan that was closed.
    pub closed_loan: Option<Uuid>,
    /// What to print; empty for an unknown barcode.
    pub label: String,
    /// Where to put it; none for an unknown barcode.
    pub routing: Option<ReturnRouting>,
}

/// What becomes of the item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnRouting {
    /// Its place here.
    Shelf,
    /// The hold shelf here.
    HoldShelf {
        /// Under which number.
        pickup_number: String,
        /// Where here.
        #[serde(default)]
        spot: PickupSpot,
    },
    /// Its home branch.
    TransitHome {
        /// The branch's code.
        branch: String,
    },
    /// Another branch, where it is picked up.
    TransitToHold {
        /// The branch's code.
        branch: String,
        /// Where there.
        #[serde(default)]
        spot: PickupSpot,
    },
    /// The staff.
    Staff,
}

impl Return {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, Rpc::Return, &self.caller.fingerprint)?;
        let hash = request_hash(Rpc::Return, &[self.barcode.as_bytes()]);
        if let Some(reply) = turn.replay(&device, self.request_id, &hash, "request_id")? {
            return Ok(reply);
        }
        let Some(item) = turn.asked(index).item.and_then(|id| turn.world.items.get(&id)).cloned() else {
            return Ok(self.unknown(turn, &device, hash));
        };
        // Lent between locking and loading: its borrower's fees are not held. Or lent, undone or returned in this turn.
        let moved = |loan: &OpenLoan| !turn.held.patron(loan.patron_id);
        if !turn.held.queue_of(item.id, item.title_id)
            || item.loan.as_ref().is_some_and(moved)
            || turn.world.loan_changed.contains(&item.id)
        {
            return Err(Deferral::NextTurn);
        }
        let facts = turn.item_facts(&item);
        let today = turn.moment.today();
        let queue = as_queue(&turn.rulebook, facts.class(), today, turn.world.queue(item.id));
        let routing = take_back::route(&TakeBack {
            item: &facts,
            item_id: item.id,
            branch: device.branch_id,
            queue: &queue,
        });
        if let Some(loan) = &item.loan {
            close_loan(turn, &device, &item, loan);
            fulfil_own(turn, &device, &item, loan);
        }
        let (routing, hold) = put(turn, &device, &item, routing);
        let decision = Decision::granted();
        let closed_loan = item.loan.as_ref().map(|loan| loan.id);
        let about = About {
            item: Some(item.id),
            loan: closed_loan,
            hold,
            request: Some(self.request_id),
            ..About::default()
        };
        turn.audit(&device, "return", &decision, about);
        let reply =
            Reply::Return(ReturnAnswer { decision, closed_loan, label: item.label, routing: Some(routing) });
        turn.remember(&device, self.request_id, hash, &reply);
        Ok(reply)
    }

    fn unknown(&self, turn: &mut Turn, device: &Device, hash: Vec<u8>) -> Reply {
        let decision = Decision::refused(Reason::ItemUnknown);
        turn.audit(device, "return", &decision, About { request: Some(self.request_id), ..About::default() });
        let reply =
            Reply::Return(ReturnAnswer { decision, closed_loan: None, label: String::new(), routing: None });
        turn.remember(device, self.request_id, hash, &reply);
        reply
    }
}

/// Closes the loan, charges for being late, and takes back the price of what was thought lost.
fn close_loan(turn: &mut Turn, device: &Device, item: &Item, loan: &OpenLoan) {
    let surroundings = turn.surroundings.clone();
    let charging = Charging { rulebook: &turn.rulebook, surroundings: &surroundings, moment: &turn.moment };
    let patron = loan.patron_id;
    let in_turn = turn.world.charged_late.get(&patron).copied().unwrap_or_default();
    let owed = loan.borrower.owed_overdue_cents + in_turn;
    // Being late has been charged with the bill.
    let charged = match loan.state {
        LoanState::Billed => 0,
        LoanState::Open | LoanState::ClaimedReturned | LoanState::Lost => {
            charging.charge_late(item, loan, owed, &mut turn.changes)
        }
    };
    charging.credit_found(item, loan, &mut turn.changes);
    turn.world.charged_late.insert(patron, in_turn + charged);
    turn.changes.closed_loans.push(ClosedLoanRow {
        item_id: item.id,
        id: loan.id,
        returned_at: At(turn.moment.at()),
        branch_id: device.branch_id,
        device_id: device.id,
    });
    turn.world.loan_changed.insert(item.id);
    turn.world.loan_closed_of.insert(patron);
    turn.world.count_loan(patron, &item.material, false);
    if let Some(item) = turn.world.items.get_mut(&item.id) {
        item.loan = None;
    }
}

/// Whoever has read it waits for it no longer.
fn fulfil_own(turn: &mut Turn, device: &Device, item: &Item, loan: &OpenLoan) {
    for id in turn.world.served_by_loan.remove(&item.id).unwrap_or_default() {
        turn.changes.holds.insert(id, HoldRow::new(id, HoldState::Fulfilled, At(turn.moment.at())));
        let about = About {
            subject: Some(loan.borrower.pseudonym),
            item: Some(item.id),
            hold: Some(id),
            ..About::default()
        };
        turn.audit(device, "fulfil_hold", &Decision::granted(), about);
    }
}

/// Puts the item where the routing says, lets the hold take it, and gives the answer and the hold.
fn put(turn: &mut Turn, device: &Device, item: &Item, routing: Routing) -> (ReturnRouting, Option<Uuid>) {
    let rulebook = std::sync::Arc::clone(&turn.rulebook);
    match routing {
        Routing::Shelf => {
            place(turn, item, ItemState::Available, device.branch_id, None);
            (ReturnRouting::Shelf, None)
        }
        Routing::Staff => {
            place(turn, item, item.state, device.branch_id, None);
            (ReturnRouting::Staff, None)
        }
        Routing::TransitHome { to } => {
            place(turn, item, ItemState::InTransit, device.branch_id, None);
            (ReturnRouting::TransitHome { branch: rulebook.branch_code(to).to_owned() }, None)
        }
        Routing::HoldShelf { queue_index } => {
            let kept = keep(turn, device, item, queue_index, true);
            let pickup_number = kept.as_ref().and_then(|hold| hold.pickup_number.clone()).unwrap_or_default();
            let (id, spot) = (kept.as_ref().map(|hold| hold.id), spot(&rulebook, kept.as_ref()));
            place(turn, item, ItemState::OnHoldShelf, device.branch_id, kept);
            (ReturnRouting::HoldShelf { pickup_number, spot }, id)
        }
        Routing::TransitToHold { queue_index, to } => {
            let kept = keep(turn, device, item, queue_index, false);
            let (id, spot) = (kept.as_ref().map(|hold| hold.id), spot(&rulebook, kept.as_ref()));
            place(turn, item, ItemState::InTransit, device.branch_id, kept);
            (ReturnRouting::TransitToHold { branch: rulebook.branch_code(to).to_owned(), spot }, id)
        }
    }
}

fn spot(rulebook: &Rulebook, kept: Option<&KeepingHold>) -> PickupSpot {
    kept.map(|hold| rulebook.pickup_spot(hold.pickup_stop_id, hold.pickup_locker_id)).unwrap_or_default()
}

/// Writes where the item is, if that is news.
fn place(turn: &mut Turn, item: &Item, state: ItemState, branch: i64, kept_for: Option<KeepingHold>) {
    let kept_for_hold_id = kept_for.as_ref().map(|hold| hold.id);
    let was = item.kept_for.as_ref().map(|hold| hold.id);
    if item.state != state || item.at_branch_id != branch || was != kept_for_hold_id {
        let row = ItemRow { id: item.id, state: state.code(), at_branch_id: branch, kept_for_hold_id };
        turn.changes.items.insert(item.id, row);
    }
    if let Some(item) = turn.world.items.get_mut(&item.id) {
        item.state = state;
        item.at_branch_id = branch;
        item.kept_for = kept_for;
    }
}

/// Lets a hold take the item: the one at this place of the queue, or the one that keeps it already.
fn keep(
    turn: &mut Turn,
    device: &Device,
    item: &Item,
    queue_index: Option<usize>,
    arrived: bool,
) -> Option<KeepingHold> {
    let mut kept = match queue_index {
        None => item.kept_for.clone()?,
        Some(place) => {
            let hold = turn.world.serve(item.id, place)?;
            KeepingHold {
                id: hold.id,
                patron_id: hold.patron_id,
                pickup_branch_id: hold.pickup_branch_id,
                pickup_stop_id: hold.pickup_stop_id,
                pickup_locker_id: hold.pickup_locker_id,
                card_id: hold.card_id,
                pickup_number: None,
                reserved: None,
            }
        }
    };
    // Scanned once more where it waits: the holder has been told a day and a number, and they stay. Whoever scans it has
    // it in their hands, and so no locker does.
    let waits_here = item.state == ItemState::OnHoldShelf && item.at_branch_id == device.branch_id;
    if arrived && waits_here && queue_index.is_none() {
        move_hold(turn, kept.id, HoldState::Ready, item.id);
    } else if arrived {
        let shelf = HoldShelf {
            branch: device.branch_id,
            rulebook: &turn.rulebook,
            surroundings: &turn.surroundings,
            moment: &turn.moment,
        };
        kept.pickup_number = shelf.receive(&mut turn.changes, kept.id, kept.patron_id, item.id).pickup_number;
    } else {
        move_hold(turn, kept.id, HoldState::InTransit, item.id);
    }
    kept.reserved = None;
    Some(kept)
}

/// The item of a hold is somewhere else than where it was put for it.
fn move_hold(turn: &mut Turn, id: Uuid, state: HoldState, item: i64) {
    let row = HoldRow { kept_item_id: Some(item), ..HoldRow::new(id, state, At(turn.moment.at())) };
    turn.changes.holds.insert(id, row);
}
