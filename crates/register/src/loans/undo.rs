//! `LoanService.CancelCheckout`: the check-out, or the renewal, never was.
//!
//! No return: nobody next in the queue gets the item, and a hold that the loan fulfilled waits again where it waited.

use super::{
    fees::{Charging, of_last_renewal},
    open_loan::year_of,
    renewing::{last_event_at, loan_facts},
};
use crate::{
    Caller, Rpc,
    audit::About,
    desk::{Deferral, Reply, Turn, turn::request_hash},
};
use kortisto_domain::{
    Decision, HoldState, ItemState, Reason,
    undo::{self, Undo},
};
use kortisto_store::queries::{
    changes::{HoldRow, ItemRow, RenewedLoanRow, UndoneLoanRow},
    dialect::At,
    item::{Item, OpenLoan},
    party::Device,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A check-out or a renewal that this device has just made.
#[derive(Debug, Clone)]
pub struct CancelCheckout {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// The loan.
    pub loan_id: Uuid,
    /// The barcode of its item.
    pub barcode: String,
}

/// What was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoAnswer {
    /// The verdict.
    pub decision: Decision,
    /// Whether a renewal was undone, so that the loan goes on as before; none on a refusal.
    pub loan_goes_on: Option<bool>,
}

impl CancelCheckout {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, Rpc::CancelCheckout, &self.caller.fingerprint)?;
        let hash = request_hash(Rpc::CancelCheckout, &[self.loan_id.as_bytes(), self.barcode.as_bytes()]);
        if let Some(reply) = turn.replay(&device, self.request_id, &hash, "request_id")? {
            return Ok(reply);
        }
        let item = turn.asked(index).item.and_then(|id| turn.world.items.get(&id)).cloned();
        if item
            .as_ref()
            .is_some_and(|item| !turn.held.item(item.id) || turn.world.loan_changed.contains(&item.id))
        {
            return Err(Deferral::NextTurn);
        }
        let found = item.as_ref().and_then(|item| {
            let loan = item.loan.as_ref().filter(|loan| loan.id == self.loan_id)?;
            Some((item, loan))
        });
        let refusal = self.refusal(turn, &device, found.map(|(_, loan)| loan));
        let decision = refusal.map_or_else(Decision::granted, Decision::refused);
        let undone = found.filter(|_| decision.is_granted());
        let loan_goes_on = undone.map(|(item, loan)| {
            let renewed = loan.renewed_at.is_some();
            if renewed {
                restore_due_date(turn, &device, item, loan);
            } else {
                take_back(turn, item, loan);
            }
            renewed
        });
        let about = About {
            subject: found.map(|(_, loan)| loan.borrower.pseudonym),
            item: item.as_ref().map(|item| item.id),
            loan: found.map(|(_, loan)| loan.id),
            hold: undone.and_then(|(_, loan)| loan.was.hold_id),
            request: Some(self.request_id),
        };
        turn.audit(&device, "cancel_checkout", &decision, about);
        let reply = Reply::Undone(UndoAnswer { decision, loan_goes_on });
        turn.remember(&device, self.request_id, hash, &reply);
        Ok(reply)
    }

    fn refusal(&self, turn: &Turn, device: &Device, loan: Option<&OpenLoan>) -> Option<Reason> {
        let facts = loan.map(|loan| loan_facts(loan, &turn.rulebook, &turn.moment));
        let place = turn.rulebook.place(device.branch_id);
        undo::refusal(&Undo {
            loan: facts.as_ref(),
            made_here: loan.is_some_and(|loan| loan.device_id == device.id && is_last_known(loan)),
            is_settled: loan.is_some_and(is_settled),
            policy: &turn.rulebook.policies.desk(&place, turn.moment.today()),
            moment: &turn.moment,
        })
    }
}

/// Whether it is known what the loan was before what happened to it last: of two renewals the first is not undone.
const fn is_last_known(loan: &OpenLoan) -> bool {
    loan.renewals == 0 || loan.renewed_at.is_some()
}

/// Whether something of what the last renewal charged has been paid or written off: those days would be charged again.
fn is_settled(loan: &OpenLoan) -> bool {
    of_last_renewal(loan).any(|fee| fee.open_cents != fee.amount_cents)
}

/// The loan goes, and the item is what and where it was.
fn take_back(turn: &mut Turn, item: &Item, loan: &OpenLoan) {
    let at = turn.moment.at();
    turn.changes.undone_loans.push(UndoneLoanRow { item_id: item.id, id: loan.id });
    let state = loan.was.item_state.unwrap_or(ItemState::Available);
    let branch = loan.was.at_branch_id.unwrap_or(item.at_branch_id);
    let row = ItemRow {
        id: item.id,
        state: state.code(),
        at_branch_id: branch,
        kept_for_hold_id: loan.was.hold_id,
    };
    turn.changes.items.insert(item.id, row);
    if let Some(hold) = loan.was.hold_id {
        let waits = if state == ItemState::InTransit { HoldState::InTransit } else { HoldState::Ready };
        let row = HoldRow {
            kept_item_id: Some(item.id),
            stays_in_compartment: true,
            ..HoldRow::new(hold, waits, At(at))
        };
        turn.changes.holds.insert(hold, row);
    }
    let lent_on = turn.moment.day_of(loan.lent_at);
    turn.changes.year(loan.patron_id, year_of(lent_on)).loans -= 1;
    turn.world.loan_changed.insert(item.id);
    turn.world.loan_closed_of.insert(loan.patron_id);
    turn.world.count_loan(loan.patron_id, &item.material, false);
    if let Some(item) = turn.world.items.get_mut(&item.id) {
        item.loan = None;
    }
}

/// The loan goes on as before its last renewal, and what that charged is taken back.
fn restore_due_date(turn: &mut Turn, device: &Device, item: &Item, loan: &OpenLoan) {
    let surroundings = turn.surroundings.clone();
    let charging = Charging { rulebook: &turn.rulebook, surroundings: &surroundings, moment: &turn.moment };
    charging.reverse_renewal(loan, &mut turn.changes);
    let due_on = loan.was.due_on.unwrap_or(loan.due_on);
    let due_at = loan.was.due_at.or(loan.due_at).unwrap_or_else(|| last_event_at(loan));
    let row = RenewedLoanRow {
        item_id: item.id,
        id: loan.id,
        device_id: loan.was.device_id.unwrap_or(device.id),
        due_on,
        due_at: At(due_at),
        renewals: loan.renewals.saturating_sub(1),
        renewed_at: None,
        was_due_on: None,
        was_due_at: None,
        was_device_id: None,
        renewals_made: loan.renewals_made,
    };
    turn.changes.renewed_loans.insert(item.id, row);
    turn.world.loan_changed.insert(item.id);
}
