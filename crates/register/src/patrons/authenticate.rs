//! `PatronService.AuthenticatePatron`: card and PIN in, a session out.

use super::{
    Profile,
    verify_pin::{PinQuestion, Typed},
};
use crate::{Caller, Register, RegisterError, Rpc};
use chrono::{DateTime, Utc};
use kortisto_domain::Decision;
use kortisto_vault::{Password, Pin};
use secrecy::SecretString;
use tokio::time::Instant;
use uuid::Uuid;

/// A card and a PIN.
pub struct Authenticate {
    /// The device.
    pub caller: Caller,
    /// The device's id for this typing of the PIN.
    pub attempt_id: Uuid,
    /// The card.
    pub card_number: String,
    /// What was typed.
    pub given: Given,
}

/// With what a patron signs in.
pub enum Given {
    /// The PIN of the card.
    Pin(Pin),
    /// The password of the online library.
    Password(Password),
}

/// The verdict and, when granted, the session.
pub struct AuthenticateAnswer {
    /// The verdict.
    pub decision: Decision,
    /// The token of the session and its end.
    pub session: Option<(SecretString, DateTime<Utc>)>,
    /// What may be known of the patron; the caller shows what its device's kind may see.
    pub profile: Option<Profile>,
    /// The patron's pseudonym for this device alone.
    pub pairwise_id: Option<String>,
}

impl Register {
    /// Verifies a PIN and opens a session.
    ///
    /// # Errors
    /// [`RegisterError`]; wrong credentials are a refusal in the answer.
    pub async fn authenticate(
        &self,
        ask: Authenticate,
        deadline: Instant,
    ) -> Result<AuthenticateAnswer, RegisterError> {
        let Authenticate { caller, attempt_id, card_number, given } = ask;
        let typed = match given {
            Given::Pin(pin) => Typed::Pin(pin),
            Given::Password(password) => Typed::Password(password),
        };
        let rpc = Rpc::AuthenticatePatron;
        let question = PinQuestion { caller, rpc, attempt_id, card_number, typed, new: None };
        let settled = self.verify_pin(question, deadline).await?;
        // The token is made again from the session, so that a replay carries it although nobody keeps it.
        let session = settled.session.map(|session| {
            (self.keys.session_token(session.id.as_bytes(), caller.device_id), session.expires_at)
        });
        // One device row is one audience: two platforms of one consortium cannot join their patrons.
        let audience = format!("device {}", caller.device_id);
        let pairwise_id = settled
            .profile
            .as_ref()
            .map(|profile| self.keys.pairwise_id(&audience, profile.pseudonym.as_bytes()));
        Ok(AuthenticateAnswer { decision: settled.decision, session, profile: settled.profile, pairwise_id })
    }
}
