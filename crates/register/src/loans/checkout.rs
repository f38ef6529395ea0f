//! `LoanService.Checkout`: lends one item to the patron of a session.

use super::LoanAnswer;
use crate::{
    Caller, Rpc,
    desk::{
        Deferral, Reply, Turn,
        turn::{About, request_hash},
        world::World,
    },
};
use kortisto_domain::{Decision, Reason};
use uuid::Uuid;

/// One item for the patron of a session.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// The barcode.
    pub barcode: String,
}

impl Checkout {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, Rpc::Checkout, &self.caller.fingerprint)?;
        let Some(who) = turn.token_holder(index) else {
            return Ok(Reply::Loan(session_ended(turn, &device, "checkout", self.request_id)));
        };
        let patron_id = who.card.patron_id;
        let hash = request_hash(Rpc::Checkout, &[&patron_id.to_be_bytes(), self.barcode.as_bytes()]);
        if let Some(reply) = turn.replay(&device, self.request_id, &hash, "request_id")? {
            return Ok(reply);
        }
        if !turn.session_runs(index, &device) {
            return Ok(Reply::Loan(session_ended(turn, &device, "checkout", self.request_id)));
        }
        let item = turn.asked(index).item.and_then(|id| turn.world.items.get(&id)).cloned();
        if !turn.held.patron(patron_id) || item.as_ref().is_some_and(|item| !turn.held.item(item.id)) {
            return Err(Deferral::NextTurn);
        }
        let facts = item.as_ref().map(World::item_facts);
        let mut lent = turn.asker(&who, &device).lend(facts.as_ref());
        let kept = item.as_ref().and_then(|item| item.kept_for.as_ref());
        lent.decision = turn.unless_reserved(&device, lent.decision, kept.and_then(|kept| kept.reserved));
        if turn.refusal_may_be_outdated(&who, &lent.decision) {
            return Err(Deferral::NextTurn);
        }
        let granted_item = item.as_ref().filter(|_| lent.decision.is_granted());
        if granted_item.is_some_and(|item| turn.world.loan_changed.contains(&item.id)) {
            return Err(Deferral::NextTurn);
        }
        let hold = granted_item.and_then(|item| item.kept_for.as_ref()).map(|kept| kept.id);
        let loan = granted_item.map(|item| turn.open_loan(&device, &who, item, lent.due));
        turn.touch_patron(&who);
        let about = About {
            subject: Some(who.patron.pseudonym),
            item: item.as_ref().map(|item| item.id),
            loan: loan.as_ref().map(|loan| loan.id),
            hold,
            request: Some(self.request_id),
        };
        turn.audit(&device, "checkout", &lent.decision, about);
        let reply =
            Reply::Loan(LoanAnswer { decision: lent.decision, language: Some(who.patron.language), loan });
        turn.remember(&device, self.request_id, hash, &reply);
        Ok(reply)
    }
}

/// The session is over: a refusal that is not remembered, so that the device may repeat its request
/// under the same id once the patron has typed the PIN again.
pub(crate) fn session_ended(
    turn: &mut Turn,
    device: &kortisto_store::queries::party::Device,
    action: &'static str,
    request_id: Uuid,
) -> LoanAnswer {
    let decision = Decision::refused(Reason::SessionEnded);
    turn.audit(device, action, &decision, About { request: Some(request_id), ..About::default() });
    LoanAnswer { decision, language: None, loan: None }
}
