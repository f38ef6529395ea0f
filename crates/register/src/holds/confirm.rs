//! `HoldService.ConfirmPickup`: the compartment was opened and the item is gone.
//!
//! It reports what has happened, so nothing that came up since the reservation refuses it: no ban, no debt, not the
//! end of the session nor of the time. Only where somebody else has reserved the hold or has its item is it too late.

use super::compartment::{self, AtCompartment};
use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    loans::{LoanAnswer, open_loan::NewLoan},
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::{Decision, Reason, reserve_pickup};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A hold that this device has reserved.
#[derive(Debug, Clone)]
pub struct ConfirmPickup {
    /// Who asks.
    pub ask: Ask,
    /// Which hold.
    pub hold: Uuid,
}

impl PatronChange for ConfirmPickup {
    const RPC: Rpc = Rpc::ConfirmPickup;
    const ACTION: &'static str = "confirm_pickup";
    const OUTLIVES_SESSION: bool = true;
    type Answer = LoanAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![self.hold.as_bytes()]
    }

    fn refused(decision: Decision, language: Option<String>) -> LoanAnswer {
        LoanAnswer { decision, language, loan: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<LoanAnswer>, RegisterError> {
        let at = AtCompartment::load(desk, &self.ask, self.hold).await?;
        let mut answer = Self::refused(Decision::granted(), Some(desk.party.language.clone()));
        let mut about = About { request: Some(self.ask.request_id), ..About::default() };
        match at.of(desk) {
            None => answer.decision = Decision::refused(Reason::HoldUnknown),
            Some((hold, item)) => {
                about.hold = Some(hold.id);
                about.item = item.map(|item| item.id);
                let ended = reserve_pickup::conclude(&compartment::reserved(hold), desk.device.id);
                match (ended, item) {
                    (Some(reason), _) => answer.decision = Decision::refused(reason),
                    (None, None) => return Err(RegisterError::Internal("a ready hold has no item")),
                    (None, Some(item)) => {
                        let loan = NewLoan {
                            id: desk.register.surroundings.new_id(desk.moment.at()),
                            device: &desk.device,
                            patron_id: desk.party.patron_id,
                            card_id: desk.party.card_id,
                            item,
                            due: at.pick_up(desk).due,
                            moment: &desk.moment,
                        };
                        answer.loan = Some(loan.note(&mut desk.changes));
                    }
                }
            }
        }
        about.loan = answer.loan.as_ref().map(|loan| loan.id);
        Ok(Concluded { decision: answer.decision.clone(), answer, about })
    }
}

impl Register {
    /// Opens the loan of a hold whose compartment has been opened.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn confirm_pickup(
        self: &Arc<Self>,
        ask: ConfirmPickup,
        deadline: Instant,
    ) -> Result<LoanAnswer, RegisterError> {
        self.patron_change(ask, deadline).await
    }
}
