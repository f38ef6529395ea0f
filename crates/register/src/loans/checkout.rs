//! `LoanService.Checkout`: lends one item to the patron of a session.

use super::{LoanAnswer, fees::Charging, renewing};
use crate::{
    Caller, Rpc,
    audit::About,
    desk::{
        Deferral, Reply, Turn,
        turn::{Who, request_hash},
    },
};
use kortisto_domain::{Decision, Reason};
use kortisto_store::queries::{item::Item, party::Device};
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
        if let Some(reply) = self.renew_own(turn, &device, &who, item.as_ref(), &hash)? {
            return Ok(reply);
        }
        let facts = item.as_ref().map(|item| turn.item_facts(item));
        let mut lent = turn.asker(&who, &device).lend(facts.as_ref());
        let kept = item.as_ref().and_then(|item| item.kept_for.as_ref());
        lent.decision = turn.unless_reserved(&device, lent.decision, kept.and_then(|kept| kept.reserved));
        if turn.refusal_may_be_outdated(&who, &lent.decision) {
            return Err(Deferral::NextTurn);
        }
        let granted_item = item.as_ref().filter(|_| lent.decision.is_granted());
        if granted_item.is_some_and(|item| turn.grant_may_be_outdated(&who, item)) {
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

impl Checkout {
    /// Renews a loan of the same patron that is scanned again, where the policy of the branch says so.
    fn renew_own(
        &self,
        turn: &mut Turn,
        device: &Device,
        who: &Who,
        item: Option<&Item>,
        hash: &[u8],
    ) -> Result<Option<Reply>, Deferral> {
        let place = turn.rulebook.place(device.branch_id);
        if !turn.rulebook.policies.desk(&place, turn.moment.today()).rescan_renews {
            return Ok(None);
        }
        let own = item.and_then(|item| {
            let loan = item.loan.as_ref().filter(|loan| loan.patron_id == who.card.patron_id)?;
            Some((item, loan))
        });
        let Some((item, loan)) = own else { return Ok(None) };
        if turn.world.loan_changed.contains(&item.id) {
            return Err(Deferral::NextTurn);
        }
        let decided = renewing::decide(&turn.asker(who, device), Some(item));
        let details = decided.due.map(|due| {
            let surroundings = turn.surroundings.clone();
            let in_turn = turn.world.charged_late.get(&loan.patron_id).copied().unwrap_or_default();
            let owed = loan.borrower.owed_overdue_cents + in_turn;
            let charging =
                Charging { rulebook: &turn.rulebook, surroundings: &surroundings, moment: &turn.moment };
            let (details, charged) =
                renewing::write(&charging, item, loan, due, owed, device.id, &mut turn.changes);
            turn.world.charged_late.insert(loan.patron_id, in_turn + charged);
            turn.world.loan_changed.insert(item.id);
            turn.world.loan_closed_of.insert(loan.patron_id);
            details
        });
        turn.touch_patron(who);
        let about = About {
            subject: Some(who.patron.pseudonym),
            item: Some(item.id),
            loan: Some(loan.id),
            hold: None,
            request: Some(self.request_id),
        };
        turn.audit(device, "renew", &decided.decision, about);
        let language = Some(who.patron.language.clone());
        let reply = Reply::Loan(LoanAnswer { decision: decided.decision, language, loan: details });
        turn.remember(device, self.request_id, hash.to_vec(), &reply);
        Ok(Some(reply))
    }
}

/// The session is over: a refusal that is not remembered, so that the device may repeat its request
/// under the same id once the patron has typed the PIN again.
pub(crate) fn session_ended(
    turn: &mut Turn,
    device: &Device,
    action: &'static str,
    request_id: Uuid,
) -> LoanAnswer {
    let decision = Decision::refused(Reason::SessionEnded);
    turn.audit(device, action, &decision, About { request: Some(request_id), ..About::default() });
    LoanAnswer { decision, language: None, loan: None }
}
