//! Every PIN and every password of a patron goes this way, whatever the rpc: count the attempt, verify, settle (ASVS
//! 6.3.1, A92).

use super::{
    reserve_attempt::{Admitted, ReserveAttempt},
    settle_attempt::{NewSecret, PinOutcome, SettleAttempt, Settled},
};
use crate::{
    Caller, Register, RegisterError, Rpc,
    desk::{Operation, Reply},
    register::{MIXED_UP, route},
};
use kortisto_domain::Reason;
use kortisto_vault::{
    CardBinding, Keys, Password, PasswordBinding, Pin, PinVault, StoredPin, VaultBusy, Verification,
};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Uuid;

/// What somebody typed to prove that the card is theirs, or wants to type from now on.
pub(crate) enum Typed {
    /// The PIN of the card.
    Pin(Pin),
    /// The password of the online library.
    Password(Password),
}

impl Typed {
    fn fingerprint(&self, keys: &Keys, card_number: &str) -> [u8; 32] {
        match self {
            Self::Pin(pin) => keys.pin_fingerprint(card_number, pin),
            Self::Password(password) => keys.password_fingerprint(card_number, password),
        }
    }

    async fn verify(
        self,
        vault: &PinVault,
        card: i64,
        stored: Option<StoredPin>,
    ) -> Result<Verification, VaultBusy> {
        match self {
            Self::Pin(pin) => vault.verify(pin, CardBinding(card), stored).await,
            Self::Password(password) => vault.verify(password, PasswordBinding::Card(card), stored).await,
        }
    }

    async fn hash(self, vault: &PinVault, card: i64) -> Result<NewSecret, VaultBusy> {
        Ok(match self {
            Self::Pin(pin) => NewSecret::Pin(vault.hash(pin, CardBinding(card)).await?),
            Self::Password(password) => {
                NewSecret::WebPassword(vault.hash(password, PasswordBinding::Card(card)).await?)
            }
        })
    }
}

/// A card and a PIN, typed once.
pub(crate) struct PinQuestion {
    pub(crate) caller: Caller,
    pub(crate) rpc: Rpc,
    pub(crate) attempt_id: Uuid,
    pub(crate) card_number: String,
    pub(crate) typed: Typed,
    /// What takes the place of the old PIN or password once that has been proved right.
    pub(crate) new: Option<Typed>,
}

/// A number that no row has: an unknown card is hashed like any other.
const NO_CARD: i64 = 0;

impl Register {
    /// Verifies a PIN. The answer to wrong credentials takes the same time whatever is wrong. A device or a register
    /// that has had too many is told so no sooner: a device that asks again at once would take the doors' share of
    /// the machine with its refusals.
    pub(crate) async fn verify_pin(
        &self,
        ask: PinQuestion,
        deadline: Instant,
    ) -> Result<Settled, RegisterError> {
        let asked_at = Instant::now();
        let settled = self.count_and_verify(ask, deadline).await;
        let waits = match &settled {
            Ok(settled) => settled.decision.reasons().contains(&Reason::CredentialsNotAccepted),
            Err(RegisterError::DeviceThrottled { .. } | RegisterError::Overloaded { .. }) => true,
            Err(_) => false,
        };
        if waits {
            sleep_until(next_floor(asked_at, Instant::now(), self.failure_floor).min(deadline)).await;
        }
        settled
    }

    async fn count_and_verify(&self, ask: PinQuestion, deadline: Instant) -> Result<Settled, RegisterError> {
        let PinQuestion { caller, rpc, attempt_id, card_number, typed: secret, new } = ask;
        self.vault.has_room()?;
        let card_key = self.keys.card_key(&card_number);
        let typed = secret.fingerprint(&self.keys, &card_number);
        let of_new = new.as_ref().map(|new| new.fingerprint(&self.keys, &card_number));
        let mut parts: Vec<&[u8]> = vec![rpc.name().as_bytes(), &typed];
        parts.extend(of_new.as_ref().map(|of_new| &of_new[..]));
        let request_hash = self.keys.request_fingerprint(&parts);
        let by_password = matches!(secret, Typed::Password(_));
        let route = route(card_number.as_bytes());
        let reserve = ReserveAttempt {
            caller,
            rpc,
            attempt_id,
            request_hash,
            card_number: card_number.clone(),
            card_key,
            typed,
            by_password,
        };
        let admitted = match self.circulate(route, Operation::ReserveAttempt(reserve), deadline).await? {
            Reply::Admitted(admitted) => *admitted,
            _ => return Err(MIXED_UP),
        };
        let (card, stored) = match admitted {
            Admitted::Settled(settled) => return Ok(settled),
            Admitted::Verify { card, stored } => (card, stored),
        };
        // Given up at the deadline, the job is skipped before it is hashed; the attempt stays counted.
        let against = stored.as_ref().map(|stored| stored.hash.clone());
        let verifying = secret.verify(&self.vault, card.unwrap_or(NO_CARD), stored);
        let mut verified =
            timeout_at(deadline, verifying).await.map_err(|_| RegisterError::DeadlinePassed)?;
        if let Ok(Some(fault)) = verified.as_ref().map(|verification| &verification.fault) {
            tracing::error!(card_id = card, %fault, "a stored PIN cannot be read");
        }
        let mut new_secret = None;
        if let (Ok(Verification { matches: true, .. }), Some(new)) = (&verified, new) {
            let hashing = new.hash(&self.vault, card.unwrap_or(NO_CARD));
            match timeout_at(deadline, hashing).await.map_err(|_| RegisterError::DeadlinePassed)? {
                Ok(new) => new_secret = Some(new),
                Err(busy) => verified = Err(busy),
            }
        }
        let outcome = match &verified {
            Ok(verification) if verification.matches => {
                PinOutcome::Right { replacement: verification.replacement.clone() }
            }
            Ok(_) => PinOutcome::Wrong,
            // Nothing was learnt, so nothing is counted.
            Err(_) => PinOutcome::NotVerified,
        };
        let settle = SettleAttempt {
            caller,
            rpc,
            attempt_id,
            request_hash,
            card_number,
            card_key,
            typed,
            by_password,
            against,
            new: new_secret,
            outcome,
            session_length: self.session_length,
            keys: std::sync::Arc::clone(&self.keys),
        };
        let settled = self.circulate(route, Operation::SettleAttempt(settle), deadline).await?;
        verified?;
        match settled {
            Reply::Settled(settled) => Ok(settled),
            _ => Err(MIXED_UP),
        }
    }
}

/// The next multiple of `floor` after `asked_at` that is not before `now`.
pub(crate) fn next_floor(asked_at: Instant, now: Instant, floor: Duration) -> Instant {
    if floor.is_zero() {
        return now;
    }
    let steps = (now - asked_at).as_nanos().div_ceil(floor.as_nanos()).max(1);
    asked_at + floor * u32::try_from(steps).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_leaves_at_a_multiple_of_the_floor() {
        let start = Instant::now();
        let floor = Duration::from_millis(250);
        for (elapsed_ms, expected_ms) in [(0, 250), (1, 250), (250, 250), (251, 500), (740, 750)] {
            let now = start + Duration::from_millis(elapsed_ms);
            assert_eq!(next_floor(start, now, floor) - start, Duration::from_millis(expected_ms));
        }
        assert_eq!(next_floor(start, start, Duration::ZERO), start);
    }
}
