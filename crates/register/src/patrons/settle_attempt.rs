//! Settles a counted PIN attempt: gives the count back on the right PIN, and opens the session.

use super::reserve_attempt::{keep_known_device, keep_throttle, throttle};
use crate::{
    Caller, RegisterError, Rpc,
    audit::About,
    desk::{Deferral, Reply, Turn, turn::Who},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    Decision, MessageKind, Reason, age, authenticate, messages, names, pin_throttle::KNOWN_DEVICE_TRIES,
};
use kortisto_store::queries::{
    changes::{AttemptOutcome, AttemptRow, SessionRow, WebPasswordRow},
    dialect::{At, Hex},
    party::Device,
    pin_facts::{PasswordRow, PinRow},
};
use kortisto_vault::{Keys, StoredPin, token_hash};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// An attempt that has been verified, or could not be.
pub(crate) struct SettleAttempt {
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
    /// Whether the password of the online library was typed, and not the PIN.
    pub(crate) by_password: bool,
    /// The hash that the typed secret was verified against.
    pub(crate) against: Option<Vec<u8>>,
    /// What takes the place of the old PIN or password if the typed one is right.
    pub(crate) new: Option<NewSecret>,
    pub(crate) outcome: PinOutcome,
    pub(crate) session_length: Duration,
    pub(crate) keys: Arc<Keys>,
}

/// What the vault said.
pub(crate) enum PinOutcome {
    /// The right PIN, and what to store instead when its hash is of yesterday.
    Right { replacement: Option<StoredPin> },
    /// Not the PIN, or not a card.
    Wrong,
    /// The vault had no time: nothing was learnt.
    NotVerified,
}

/// A PIN or a password that the patron has chosen, hashed.
pub(crate) enum NewSecret {
    /// The PIN of the card.
    Pin(StoredPin),
    /// The password of the online library.
    WebPassword(StoredPin),
}

/// When to ask again after the hash has changed under the attempt.
const CHANGED_RETRY: Duration = Duration::from_millis(200);

/// What a PIN came to. Kept for replays without anything about the patron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Settled {
    pub(crate) decision: Decision,
    pub(crate) session: Option<OpenedSession>,
    #[serde(skip)]
    pub(crate) profile: Option<Profile>,
}

impl Settled {
    /// Whether the PIN was right, whatever else stands against the patron.
    pub(crate) fn pin_was_right(&self) -> bool {
        !self.decision.reasons().contains(&Reason::CredentialsNotAccepted)
    }
}

/// A session, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenedSession {
    pub(crate) id: Uuid,
    pub(crate) expires_at: DateTime<Utc>,
}

/// What may be known of a patron whose PIN was right. The permission table says who sees what.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    pub(crate) pseudonym: Uuid,
    /// ISO 639 code.
    pub language: String,
    /// The first of the given names.
    pub first_name: String,
    /// Unpaid fees in cents.
    pub debt_cents: i64,
    /// Open loans.
    pub loan_count: u32,
    /// Holds ready at the device's branch.
    pub ready_hold_count: u32,
    /// Messages to the patron, newest first, at most [`messages::SHOWN_MAX`].
    pub messages: Vec<PatronMessage>,
    birth_date: Option<NaiveDate>,
    today: NaiveDate,
}

/// A message to a patron.
#[derive(Clone, PartialEq, Eq)]
pub struct PatronMessage {
    /// What it is.
    pub kind: MessageKind,
    /// Its words as they were written; empty where the kind says it all.
    pub body: String,
}

impl Profile {
    /// Whether the patron has reached this age; an unknown birth date has reached none.
    #[must_use]
    pub fn has_reached(&self, years: u8) -> bool {
        self.birth_date.is_some_and(|birth_date| age::has_reached(birth_date, years, self.today))
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").finish_non_exhaustive()
    }
}

/// The action in the audit trail.
pub(super) fn action(rpc: Rpc) -> &'static str {
    match rpc {
        Rpc::AuthenticatePatron => "authenticate_patron",
        Rpc::ChangePin => "change_pin",
        Rpc::SetWebPassword => "set_web_password",
        _ => "verify_pin",
    }
}

/// The profile of a patron, from the facts of the turn.
pub(super) fn profile(turn: &Turn, index: usize, who: &Who) -> Profile {
    let standing = turn.world.messages.get(&who.card_id).into_iter().flatten();
    let standing = standing.filter(|message| messages::stands(message.expires_at, turn.moment.at()));
    let shown = standing.take(messages::SHOWN_MAX);
    let given_names = turn.world.given_names.get(&who.card_id).map_or("", String::as_str);
    Profile {
        pseudonym: who.patron.pseudonym,
        language: who.patron.language.clone(),
        first_name: names::first_given(given_names).to_owned(),
        debt_cents: who.patron.facts.debt_cents,
        loan_count: who.patron.facts.open_loans.iter().map(|count| count.loans).sum(),
        ready_hold_count: u32::try_from(turn.asked(index).ready_holds).unwrap_or(0),
        messages: shown
            .map(|message| PatronMessage { kind: message.kind, body: message.body.clone() })
            .collect(),
        birth_date: who.patron.facts.birth_date,
        today: turn.moment.today(),
    }
}

impl SettleAttempt {
    /// Decides within a turn.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, self.rpc, &self.caller.fingerprint)?;
        let who = turn.card_holder(index);
        if who.as_ref().is_some_and(|who| !turn.held.patron(who.card.patron_id)) {
            return Err(Deferral::NextTurn);
        }
        if let (PinOutcome::Right { .. }, Some(who)) = (&self.outcome, &who)
            && !self.still_stands(turn, who.card_id)
        {
            // Somebody has reset or changed it since it was read: what was verified proves nothing any more.
            self.give_back(turn, &device, Some(who));
            return Err(RegisterError::Overloaded { retry_after: CHANGED_RETRY }.into());
        }
        let settled = match (&self.outcome, &who) {
            (PinOutcome::Right { replacement }, Some(who)) => {
                self.settle_right(turn, &device, index, who, replacement.as_ref())
            }
            (PinOutcome::NotVerified, _) => {
                self.give_back(turn, &device, who.as_ref());
                return Ok(Reply::Settled(Settled::refused()));
            }
            (_, who) => {
                self.settle_wrong(turn, &device, who.as_ref());
                Settled::refused()
            }
        };
        let about = About {
            subject: who.as_ref().map(|who| who.patron.pseudonym),
            request: Some(self.attempt_id),
            ..About::default()
        };
        turn.audit(&device, action(self.rpc), &settled.decision, about);
        let reply = Reply::Settled(settled);
        // Two retries of one attempt may have been verified side by side: the first answer stays.
        if !turn.world.remembered.contains_key(&(device.id, self.attempt_id)) {
            turn.remember(&device, self.attempt_id, self.request_hash.to_vec(), &reply);
        }
        Ok(reply)
    }

    fn settle_right(
        &self,
        turn: &mut Turn,
        device: &Device,
        index: usize,
        who: &Who,
        replacement: Option<&StoredPin>,
    ) -> Settled {
        let at = turn.moment.at();
        self.outcome_row(turn, device, AttemptOutcome::Right);
        if let Some(mut pin) = turn.world.pins.get(&who.card_id).cloned() {
            let state = throttle(turn, device, who, &pin).settle_right();
            pin.last_wrong = None;
            match replacement {
                Some(new) if self.by_password => keep_web_password(turn, who.card_id, new),
                Some(new) => put(&mut pin, new),
                None => {}
            }
            keep_throttle(turn, device, who, pin, &state);
            keep_known_device(turn, device, who, at, KNOWN_DEVICE_TRIES);
        }
        turn.touch_patron(who);
        let decision = if self.rpc == Rpc::CheckAccess {
            Decision::granted()
        } else {
            authenticate::decide(
                &who.card.facts,
                &who.patron.facts,
                device.kind,
                device.branch_id,
                &turn.moment,
            )
        };
        if decision.is_granted()
            && let Some(new) = &self.new
        {
            renew(turn, device, who, new);
        }
        let opens = decision.is_granted() && self.rpc == Rpc::AuthenticatePatron;
        let session = opens.then(|| self.open_session(turn, device, who));
        Settled { decision, session, profile: Some(profile(turn, index, who)) }
    }

    /// Whether the row still holds what the typed secret was verified against.
    fn still_stands(&self, turn: &Turn, card_id: i64) -> bool {
        let now = if self.by_password {
            turn.world.web_passwords.get(&card_id).map(|row| &row.hash)
        } else {
            turn.world.pins.get(&card_id).map(|row| &row.hash)
        };
        now == self.against.as_ref()
    }

    fn open_session(&self, turn: &mut Turn, device: &Device, who: &Who) -> OpenedSession {
        let at = turn.moment.at();
        let id = turn.surroundings.new_id(at);
        let expires_at = at + self.session_length;
        let token = self.keys.session_token(id.as_bytes(), device.id);
        turn.changes.new_sessions.push(SessionRow {
            id,
            token_hash: Hex(token_hash(token.expose_secret()).unwrap_or_default().to_vec()),
            patron_id: who.card.patron_id,
            card_id: who.card_id,
            device_id: device.id,
            started_at: At(at),
            expires_at: At(expires_at),
            ended_at: None,
            guardian_id: None,
        });
        OpenedSession { id, expires_at }
    }

    fn settle_wrong(&self, turn: &mut Turn, device: &Device, who: Option<&Who>) {
        self.outcome_row(turn, device, AttemptOutcome::Wrong);
        let Some(who) = who else { return };
        if !self.still_stands(turn, who.card_id) {
            // It was wrong for what stood there before, and may be right for what stands there now.
            return;
        }
        if let Some(mut pin) = turn.world.pins.get(&who.card_id).cloned() {
            let state = throttle(turn, device, who, &pin);
            pin.last_wrong = Some(self.typed.to_vec());
            keep_throttle(turn, device, who, pin, &state);
        }
    }

    /// Undoes the count of an attempt that was never verified.
    fn give_back(&self, turn: &mut Turn, device: &Device, who: Option<&Who>) {
        self.outcome_row(turn, device, AttemptOutcome::Repeated);
        let Some(who) = who else { return };
        if let Some(pin) = turn.world.pins.get(&who.card_id).cloned() {
            let state = throttle(turn, device, who, &pin).give_back();
            keep_throttle(turn, device, who, pin, &state);
        }
    }

    fn outcome_row(&self, turn: &mut Turn, device: &Device, outcome: AttemptOutcome) {
        turn.changes.attempts.insert(
            (device.id, self.attempt_id),
            AttemptRow {
                device_id: device.id,
                attempt_id: self.attempt_id,
                card_key: Hex(self.card_key.to_vec()),
                request_hash: Hex(self.request_hash.to_vec()),
                at: At(turn.moment.at()),
                outcome: outcome as i16,
            },
        );
    }
}

/// Puts what the patron has chosen in the place of what it was, and ends every session of the patron (A32).
fn renew(turn: &mut Turn, device: &Device, who: &Who, new: &NewSecret) {
    let at = turn.moment.at();
    match new {
        NewSecret::Pin(new) => {
            if let Some(mut pin) = turn.world.pins.get(&who.card_id).cloned() {
                put(&mut pin, new);
                let state = throttle(turn, device, who, &pin);
                keep_throttle(turn, device, who, pin, &state);
            }
            if let Some(row) = turn.changes.pins.get_mut(&who.card_id) {
                row.set_at = Some(At(at));
            }
        }
        NewSecret::WebPassword(new) => keep_web_password(turn, who.card_id, new),
    }
    turn.sign_out(who.card.patron_id);
}

fn put(pin: &mut PinRow, new: &StoredPin) {
    pin.scheme = new.scheme;
    pin.key_id = new.key_id;
    pin.hash.clone_from(&new.hash);
}

/// Writes a password and lays it over the facts.
fn keep_web_password(turn: &mut Turn, card_id: i64, new: &StoredPin) {
    let StoredPin { scheme, key_id, hash } = new.clone();
    let set_at = At(turn.moment.at());
    let row = WebPasswordRow { card_id, scheme, key_id, hash: Hex(hash.clone()), set_at };
    turn.changes.web_passwords.insert(card_id, row);
    turn.world.web_passwords.insert(card_id, PasswordRow { scheme, key_id, hash });
}
