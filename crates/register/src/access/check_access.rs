//! `AccessService.CheckAccess`: may the holder of a card use a resource now?

use crate::{
    Caller, Register, RegisterError, Rpc,
    audit::About,
    desk::{Deferral, Operation, Reply, Turn},
    patrons::verify_pin::{PinQuestion, Typed},
    register::{MIXED_UP, route},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{Decision, Reason};
use kortisto_vault::Pin;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// For how long a GRANTED may open a door (reliability 2.1, attack 10).
pub const ANSWER_VALID_FOR: Duration = Duration::from_secs(5);

/// Who wants to use what.
#[derive(Debug, Clone)]
pub(crate) struct CheckAccess {
    /// The device.
    pub caller: Caller,
    /// The card.
    pub card_number: String,
    /// The code of the resource at the device's branch.
    pub resource: String,
    /// The question's own id.
    pub nonce: Uuid,
    /// What became of the PIN.
    pub pin: PinProof,
}

/// What is known of the PIN when access is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinProof {
    /// None was sent.
    NotGiven,
    /// It was right, and the attempt has been settled.
    Right,
    /// It was wrong, or might not be verified.
    NotAccepted,
}

/// Open or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessAnswer {
    /// The verdict.
    pub decision: Decision,
    /// The patron's language, where the card is known and its PIN, if any, was right.
    pub language: Option<String>,
    /// Under which staff find the decision.
    pub decision_id: Uuid,
    /// When it was decided.
    pub issued_at: DateTime<Utc>,
}

impl CheckAccess {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, Rpc::CheckAccess, &self.caller.fingerprint)?;
        let rulebook = std::sync::Arc::clone(&turn.rulebook);
        let resource = rulebook.resource(device.branch_id, &self.resource);
        let credentials_lack = match self.pin {
            PinProof::NotAccepted => true,
            PinProof::NotGiven => resource.is_some_and(|resource| resource.asks_pin),
            PinProof::Right => false,
        };
        // Whoever has no right to an answer about the card learns nothing of it, its language included.
        let who = turn.card_holder(index).filter(|_| !credentials_lack);
        let decision = match &who {
            None => Decision::refused(Reason::CredentialsNotAccepted),
            Some(who) => turn.asker(who, &device).enter(device.kind, resource),
        };
        if let Some(who) = &who {
            if turn.refusal_may_be_outdated(who, &decision) {
                return Err(Deferral::NextTurn);
            }
            turn.touch_patron(who);
        }
        let about = About {
            subject: who.as_ref().map(|who| who.patron.pseudonym),
            request: Some(self.nonce),
            ..About::default()
        };
        let decision_id = turn.audit(&device, "check_access", &decision, about);
        Ok(Reply::Access(AccessAnswer {
            decision,
            language: who.map(|who| who.patron.language),
            decision_id,
            issued_at: turn.moment.at(),
        }))
    }
}

/// A question as a device asks it.
pub struct AccessQuestion {
    /// The device.
    pub caller: Caller,
    /// The card.
    pub card_number: String,
    /// The PIN, where one was typed.
    pub pin: Option<Pin>,
    /// The code of the resource.
    pub resource: String,
    /// The question's own id; with a PIN the id of the attempt.
    pub nonce: Uuid,
}

impl Register {
    /// Decides whether a resource may be used, after the PIN where there is one.
    ///
    /// # Errors
    /// [`RegisterError`]; a device takes every error as closed.
    pub async fn check_access(
        &self,
        ask: AccessQuestion,
        deadline: Instant,
    ) -> Result<AccessAnswer, RegisterError> {
        let AccessQuestion { caller, card_number, pin, resource, nonce } = ask;
        let pin = match pin {
            None => PinProof::NotGiven,
            Some(pin) => {
                let question = PinQuestion {
                    caller,
                    rpc: Rpc::CheckAccess,
                    attempt_id: nonce,
                    card_number: card_number.clone(),
                    typed: Typed::Pin(pin),
                    new: None,
                };
                let settled = self.verify_pin(question, deadline).await?;
                if settled.decision.reasons().contains(&Reason::CredentialsNotAccepted) {
                    PinProof::NotAccepted
                } else {
                    PinProof::Right
                }
            }
        };
        let route = route(card_number.as_bytes());
        let check = CheckAccess { caller, card_number, resource, nonce, pin };
        match self.ask_door(route, Operation::CheckAccess(check), deadline).await? {
            Reply::Access(answer) => Ok(answer),
            _ => Err(MIXED_UP),
        }
    }
}
