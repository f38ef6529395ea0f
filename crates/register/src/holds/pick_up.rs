//! `HoldService.PickUpHold`: lends the item that waits for a hold to its holder.

use crate::{
    Caller, Rpc,
    audit::About,
    desk::{Deferral, Reply, Turn, turn::request_hash},
    loans::{LoanAnswer, checkout::session_ended},
};
use kortisto_domain::pick_up::HoldAtPickup;
use uuid::Uuid;

/// One ready hold for the patron of a session.
#[derive(Debug, Clone)]
pub struct PickUp {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// The hold.
    pub hold_id: Uuid,
}

impl PickUp {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, Rpc::PickUpHold, &self.caller.fingerprint)?;
        let Some(who) = turn.token_holder(index) else {
            return Ok(Reply::Loan(session_ended(turn, &device, "pick_up_hold", self.request_id)));
        };
        let patron_id = who.card.patron_id;
        let hash = request_hash(Rpc::PickUpHold, &[&patron_id.to_be_bytes(), self.hold_id.as_bytes()]);
        if let Some(reply) = turn.replay(&device, self.request_id, &hash, "request_id")? {
            return Ok(reply);
        }
        if !turn.session_runs(index, &device) {
            return Ok(Reply::Loan(session_ended(turn, &device, "pick_up_hold", self.request_id)));
        }
        let asked = turn.asked(index);
        let hold = asked.hold.and_then(|id| turn.world.holds.get(&id)).cloned();
        let item = asked.item.and_then(|id| turn.world.items.get(&id)).cloned();
        if !turn.held.patron(patron_id) || item.as_ref().is_some_and(|item| !turn.held.item(item.id)) {
            return Err(Deferral::NextTurn);
        }
        let facts = item.as_ref().map(|item| turn.item_facts(item));
        let at_pickup = hold.as_ref().map(|hold| HoldAtPickup {
            patron: hold.patron_id,
            state: hold.state,
            pickup_branch: hold.pickup_branch_id,
        });
        let mut decided = turn.asker(&who, &device).pick_up(at_pickup, facts.as_ref());
        let reserved = hold.as_ref().and_then(|hold| hold.reserved);
        decided.decision = turn.unless_reserved(&device, decided.decision, reserved);
        if turn.refusal_may_be_outdated(&who, &decided.decision) {
            return Err(Deferral::NextTurn);
        }
        let granted_item = item.as_ref().filter(|_| decided.decision.is_granted());
        if granted_item.is_some_and(|item| turn.grant_may_be_outdated(&who, item)) {
            return Err(Deferral::NextTurn);
        }
        let loan = granted_item.map(|item| turn.open_loan(&device, &who, item, decided.due));
        turn.touch_patron(&who);
        let about = About {
            subject: Some(who.patron.pseudonym),
            item: item.as_ref().map(|item| item.id),
            loan: loan.as_ref().map(|loan| loan.id),
            hold: hold.as_ref().map(|hold| hold.id),
            request: Some(self.request_id),
        };
        turn.audit(&device, "pick_up_hold", &decided.decision, about);
        let reply =
            Reply::Loan(LoanAnswer { decision: decided.decision, language: Some(who.patron.language), loan });
        turn.remember(&device, self.request_id, hash, &reply);
        Ok(reply)
    }
}
