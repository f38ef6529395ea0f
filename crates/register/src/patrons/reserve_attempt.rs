//! Counts a PIN attempt before it is verified, or says at once what becomes of it.

use super::settle_attempt::{Settled, profile};
use crate::{
    Caller, RegisterError, Rpc,
    audit::About,
    desk::{Deferral, Reply, Turn, turn::Who},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    Decision, Reason,
    pin_throttle::{
        Admission, CardThrottle, DeviceAdmission, DeviceBudget, KNOWN_DEVICE_TRIES, Presented,
        known_device_tries_left,
    },
};
use kortisto_store::queries::{
    changes::{AttemptOutcome, AttemptRow, KnownDeviceRow, PinStateRow},
    dialect::{At, Hex},
    party::Device,
    pin_facts::{Attempt, KnownDevice, PinRow},
};
use kortisto_vault::StoredPin;
use std::time::Duration;
use uuid::Uuid;

/// One typing of a PIN, about to be counted.
pub(crate) struct ReserveAttempt {
    pub(crate) caller: Caller,
    pub(crate) rpc: Rpc,
    pub(crate) attempt_id: Uuid,
    /// Keyed hash of the whole question, PIN included.
    pub(crate) request_hash: [u8; 32],
    pub(crate) card_number: String,
    /// Keyed hash of the card number.
    pub(crate) card_key: [u8; 16],
    /// Keyed hash of card and PIN.
    pub(crate) typed: [u8; 32],
    /// Whether the password of the online library was typed, and not the PIN. Both are counted in one place.
    pub(crate) by_password: bool,
}

/// What becomes of an attempt.
pub(crate) enum Admitted {
    /// Verify it; it has been counted. Without a card, verify nothing in the same time.
    Verify { card: Option<i64>, stored: Option<StoredPin> },
    /// The answer is known without verifying.
    Settled(Settled),
}

impl ReserveAttempt {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, self.rpc, &self.caller.fingerprint)?;
        let who = turn.card_holder(index);
        if let Some(reply) = turn.replay(&device, self.attempt_id, &self.request_hash, self.id_field())? {
            let Reply::Settled(mut settled) = reply else {
                return Err(RegisterError::RequestIdReused { field: self.id_field() }.into());
            };
            settled.profile =
                who.as_ref().filter(|_| settled.pin_was_right()).map(|who| profile(turn, index, who));
            return Ok(Reply::Admitted(Box::new(Admitted::Settled(settled))));
        }
        if who.as_ref().is_some_and(|who| !turn.held.patron(who.card.patron_id)) {
            return Err(Deferral::NextTurn);
        }
        let pending = self.find_pending(turn, &device)?;
        if !pending {
            self.spend_device_budget(turn, &device)?;
        }
        let pin = who.as_ref().and_then(|who| turn.world.pins.get(&who.card_id)).cloned();
        let stored = who.as_ref().and_then(|who| self.stored(turn, who.card_id));
        let (Some(who), Some(pin), Some(stored)) = (who, pin, stored) else {
            self.count(turn, &device, index, AttemptOutcome::Pending);
            return Ok(verify(None));
        };
        if pending {
            return Ok(verify(Some((who.card_id, stored))));
        }
        let presented = match &pin.last_wrong {
            Some(last) if last.as_slice() == self.typed => Presented::KnownWrong,
            _ => Presented::New,
        };
        let at = turn.moment.at();
        let (admission, reserved) = throttle(turn, &device, &who, &pin).reserve(presented, at);
        match admission {
            Admission::Verify { .. } => {
                self.count(turn, &device, index, AttemptOutcome::Pending);
                keep_throttle(turn, &device, &who, pin, &reserved);
                Ok(verify(Some((who.card_id, stored))))
            }
            Admission::KnownWrong => Ok(self.refuse(turn, &device, index, &who, AttemptOutcome::Repeated)),
            Admission::Locked => Ok(self.refuse(turn, &device, index, &who, AttemptOutcome::Wrong)),
        }
    }

    /// The name of the field that carries the attempt's id.
    fn id_field(&self) -> &'static str {
        match self.rpc {
            Rpc::CheckAccess => "nonce",
            Rpc::ChangePin | Rpc::SetWebPassword => "request_id",
            _ => "attempt_id",
        }
    }

    /// What the typed secret is verified against.
    fn stored(&self, turn: &Turn, card_id: i64) -> Option<StoredPin> {
        if self.by_password {
            let row = turn.world.web_passwords.get(&card_id)?.clone();
            Some(StoredPin { scheme: row.scheme, key_id: row.key_id, hash: row.hash })
        } else {
            let row = turn.world.pins.get(&card_id)?.clone();
            Some(StoredPin { scheme: row.scheme, key_id: row.key_id, hash: row.hash })
        }
    }

    /// Whether this very attempt has been counted and not settled: its server went away. Verifying the
    /// same PIN again tells nothing new, so it is not counted again.
    fn find_pending(&self, turn: &Turn, device: &Device) -> Result<bool, RegisterError> {
        match turn.world.attempts.get(&(device.id, self.attempt_id)) {
            Some(attempt) if attempt.request_hash != self.request_hash => {
                Err(RegisterError::RequestIdReused { field: self.id_field() })
            }
            Some(attempt) => Ok(attempt.outcome == AttemptOutcome::Pending as i16),
            None => Ok(false),
        }
    }

    fn spend_device_budget(&self, turn: &mut Turn, device: &Device) -> Result<(), RegisterError> {
        let entry = turn.world.budgets.entry(device.id).or_default();
        let budget = DeviceBudget {
            failures_last_10_min: u32::try_from(entry.failures_in_window).unwrap_or(u32::MAX),
            oldest_failure_at: entry.oldest_failure_at,
            distinct_failing_cards_today: u32::try_from(entry.failing_cards_today).unwrap_or(u32::MAX),
            suspended: entry.suspended_at.is_some(),
        };
        match budget.admit(device.kind, turn.moment.at()) {
            DeviceAdmission::Admit => Ok(()),
            DeviceAdmission::RetryAfter(wait) => Err(RegisterError::DeviceThrottled {
                retry_after: Some(wait.to_std().unwrap_or(Duration::from_secs(1))),
            }),
            DeviceAdmission::StaffRelease => {
                if entry.suspended_at.is_none() {
                    entry.suspended_at = Some(turn.moment.at());
                    turn.changes.devices_suspended.insert(device.id);
                    tracing::warn!(
                        device_id = device.id,
                        "device.pin_suspended: too many cards failed here today"
                    );
                }
                Err(RegisterError::DeviceThrottled { retry_after: None })
            }
        }
    }

    /// Writes the attempt and lays it over the device's budget.
    fn count(&self, turn: &mut Turn, device: &Device, index: usize, outcome: AttemptOutcome) {
        let at = turn.moment.at();
        turn.changes.attempts.insert(
            (device.id, self.attempt_id),
            AttemptRow {
                device_id: device.id,
                attempt_id: self.attempt_id,
                card_key: Hex(self.card_key.to_vec()),
                request_hash: Hex(self.request_hash.to_vec()),
                at: At(at),
                outcome: outcome as i16,
            },
        );
        turn.world.attempts.insert(
            (device.id, self.attempt_id),
            Attempt { request_hash: self.request_hash.to_vec(), outcome: outcome as i16 },
        );
        if outcome == AttemptOutcome::Repeated {
            return;
        }
        let new_today = !turn.asked(index).card_failed_today
            && turn.world.failed_in_turn.insert((device.id, self.card_key.to_vec()));
        let entry = turn.world.budgets.entry(device.id).or_default();
        entry.failures_in_window += 1;
        entry.oldest_failure_at.get_or_insert(at);
        entry.failing_cards_today += i64::from(new_today);
    }

    /// Settles an attempt that is not verified, with the one answer of all wrong credentials.
    fn refuse(
        &self,
        turn: &mut Turn,
        device: &Device,
        index: usize,
        who: &Who,
        outcome: AttemptOutcome,
    ) -> Reply {
        self.count(turn, device, index, outcome);
        let settled = Settled::refused();
        let about =
            About { subject: Some(who.patron.pseudonym), request: Some(self.attempt_id), ..About::default() };
        turn.audit(device, super::settle_attempt::action(self.rpc), &settled.decision, about);
        turn.remember(device, self.attempt_id, self.request_hash.to_vec(), &Reply::Settled(settled.clone()));
        Reply::Admitted(Box::new(Admitted::Settled(settled)))
    }
}

fn verify(card: Option<(i64, StoredPin)>) -> Reply {
    let (card, stored) = card.unzip();
    Reply::Admitted(Box::new(Admitted::Verify { card, stored }))
}

/// The throttle of a card as this device sees it.
pub(super) fn throttle(turn: &Turn, device: &Device, who: &Who, pin: &PinRow) -> CardThrottle {
    let known = turn.world.known_devices.get(&(who.card_id, device.id));
    let tries_since = known
        .map_or(0, |known| KNOWN_DEVICE_TRIES.saturating_sub(u16::try_from(known.tries_left).unwrap_or(0)));
    let last_success: Option<DateTime<Utc>> = known.map(|known| known.last_success_at);
    CardThrottle {
        failures: u16::try_from(pin.failures).unwrap_or(u16::MAX),
        locked_until: pin.locked_until,
        disabled: pin.disabled_at.is_some(),
        known_device_tries_left: known_device_tries_left(last_success, tries_since, turn.moment.at()),
    }
}

/// Writes a throttle's new state and lays it over the facts.
pub(super) fn keep_throttle(
    turn: &mut Turn,
    device: &Device,
    who: &Who,
    mut pin: PinRow,
    state: &CardThrottle,
) {
    let at = turn.moment.at();
    pin.failures = i16::try_from(state.failures).unwrap_or(i16::MAX);
    pin.locked_until = state.locked_until;
    pin.disabled_at = if state.disabled { pin.disabled_at.or(Some(at)) } else { None };
    turn.changes.pins.insert(
        who.card_id,
        PinStateRow {
            card_id: who.card_id,
            failures: pin.failures,
            locked_until: pin.locked_until.map(At),
            disabled_at: pin.disabled_at.map(At),
            last_wrong: pin.last_wrong.clone().map(Hex),
            scheme: pin.scheme,
            key_id: pin.key_id,
            hash: Hex(pin.hash.clone()),
            set_at: turn.changes.pins.get(&who.card_id).and_then(|row| row.set_at),
        },
    );
    turn.world.pins.insert(who.card_id, pin);
    if let Some(known) = turn.world.known_devices.get(&(who.card_id, device.id)).copied() {
        keep_known_device(turn, device, who, known.last_success_at, state.known_device_tries_left);
    }
}

/// Writes how the card fares at this device.
pub(super) fn keep_known_device(
    turn: &mut Turn,
    device: &Device,
    who: &Who,
    last_success_at: DateTime<Utc>,
    tries_left: u16,
) {
    let tries_left = i16::try_from(tries_left).unwrap_or(0);
    turn.world.known_devices.insert((who.card_id, device.id), KnownDevice { last_success_at, tries_left });
    turn.changes.known_devices.insert(
        (who.card_id, device.id),
        KnownDeviceRow {
            card_id: who.card_id,
            device_id: device.id,
            last_success_at: At(last_success_at),
            tries_left,
        },
    );
}

impl Settled {
    /// The one answer to unknown card, wrong PIN and locked PIN.
    pub(super) fn refused() -> Self {
        Self { decision: Decision::refused(Reason::CredentialsNotAccepted), session: None, profile: None }
    }
}
