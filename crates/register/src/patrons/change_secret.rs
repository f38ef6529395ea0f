//! `PatronService.ChangePin` and `PatronService.SetWebPassword`: what the patron chooses, proved by the old PIN (A32).

use super::verify_pin::{PinQuestion, Typed};
use crate::{Caller, Register, RegisterError, Rpc};
use kortisto_domain::Decision;
use kortisto_vault::{Password, Pin};
use tokio::time::Instant;
use uuid::Uuid;

/// A card, its PIN, and the one that the patron wants.
pub struct ChangePin {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// The card.
    pub card_number: String,
    /// The PIN as it is.
    pub pin: Pin,
    /// The PIN as it is to be.
    pub new_pin: Pin,
}

/// A card, its PIN, and the password that the patron wants.
pub struct SetWebPassword {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// The card.
    pub card_number: String,
    /// The PIN.
    pub pin: Pin,
    /// The password as it is to be.
    pub new_password: Password,
}

/// Whether it is changed.
pub struct SecretChanged {
    /// The verdict.
    pub decision: Decision,
    /// The patron's language, where the PIN was right.
    pub language: Option<String>,
}

impl Register {
    /// Changes the PIN of a card and ends every session of its patron.
    ///
    /// # Errors
    /// [`RegisterError::FieldInvalid`] for a new PIN that may not be chosen; wrong credentials are a refusal in the
    /// answer.
    pub async fn change_pin(
        &self,
        ask: ChangePin,
        deadline: Instant,
    ) -> Result<SecretChanged, RegisterError> {
        let ChangePin { caller, request_id, card_number, pin, new_pin } = ask;
        let wrong = |rule: String| Err(RegisterError::FieldInvalid { field: "new_pin", rule });
        let rulebook = self.rulebook_in(self.store.readers()).await?;
        let policy = rulebook.policies.pins(self.surroundings.moment().today());
        let (min, max) = (policy.length_min, policy.length_max);
        if !(usize::from(min)..=usize::from(max)).contains(&new_pin.expose().len()) {
            return wrong(if min == max {
                format!("{min} digits")
            } else {
                format!("{min} to {max} digits")
            });
        }
        if new_pin.is_same(&pin) {
            return wrong("another PIN than the old one".to_owned());
        }
        if new_pin.is_common() {
            return wrong(
                "a PIN that is not among the first to be guessed: no run, repeat, year or date".to_owned(),
            );
        }
        let rpc = Rpc::ChangePin;
        let (typed, new) = (Typed::Pin(pin), Some(Typed::Pin(new_pin)));
        self.renew(PinQuestion { caller, rpc, attempt_id: request_id, card_number, typed, new }, deadline)
            .await
    }

    /// Sets the password of a card for the online library and ends every session of its patron.
    ///
    /// # Errors
    /// As [`change_pin`](Self::change_pin).
    pub async fn set_web_password(
        &self,
        ask: SetWebPassword,
        deadline: Instant,
    ) -> Result<SecretChanged, RegisterError> {
        let SetWebPassword { caller, request_id, card_number, pin, new_password } = ask;
        if new_password.is_common() || new_password.says(&card_number) {
            return Err(RegisterError::FieldInvalid {
                field: "new_password",
                rule: "a password that is not among the first to be guessed: no run, repeat, well-known word or card \
                       number"
                    .to_owned(),
            });
        }
        let rpc = Rpc::SetWebPassword;
        let (typed, new) = (Typed::Pin(pin), Some(Typed::Password(new_password)));
        self.renew(PinQuestion { caller, rpc, attempt_id: request_id, card_number, typed, new }, deadline)
            .await
    }

    async fn renew(&self, question: PinQuestion, deadline: Instant) -> Result<SecretChanged, RegisterError> {
        let settled = self.verify_pin(question, deadline).await?;
        let language = settled.profile.map(|profile| profile.language);
        Ok(SecretChanged { decision: settled.decision, language })
    }
}
