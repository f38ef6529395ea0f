//! Every fact that a PIN attempt is counted and settled on.

use super::{
    cursor::{self, Cursor},
    dialect::{At, Columns, Hex, Kind, list, one_text_per_engine, rows},
    party::{DEVICE_COLUMNS, DEVICE_JOIN, Device, Party, party_columns},
};
use crate::{Engine, StoreError, queries::circulation_facts::Remembered};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::MessageKind;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use uuid::Uuid;

/// What one PIN operation asks about.
#[derive(Clone, Serialize)]
pub struct Key {
    /// Place of the operation in its turn.
    pub ord: i64,
    /// SHA-256 of the device's certificate.
    pub fingerprint: Hex,
    /// The attempt.
    pub attempt_id: Uuid,
    /// Card number.
    pub card: String,
    /// Keyed hash of the card number, under which attempts are counted.
    pub card_key: Hex,
    /// Start of the short window of the device's budget.
    pub window_from: At,
    /// Start of the device's day.
    pub day_from: At,
    /// The local date, on which fees are owed or have lapsed.
    pub today: NaiveDate,
}

const KEY: Columns = &[
    ("ord", Kind::Int),
    ("fingerprint", Kind::Bytes),
    ("attempt_id", Kind::Uuid),
    ("card", Kind::Text),
    ("card_key", Kind::Bytes),
    ("window_from", Kind::Instant),
    ("day_from", Kind::Instant),
    ("today", Kind::Date),
];

/// The PIN of a card and its throttle.
#[derive(Clone)]
pub struct PinRow {
    /// Scheme of the hash.
    pub scheme: i16,
    /// Key under which it was made.
    pub key_id: i16,
    /// The hash, encrypted.
    pub hash: Vec<u8>,
    /// Failures in a row.
    pub failures: i16,
    /// No attempt before this instant.
    pub locked_until: Option<DateTime<Utc>>,
    /// When the PIN was switched off until staff reset it.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Keyed fingerprint of the last wrong PIN.
    pub last_wrong: Option<Vec<u8>>,
}

/// The password of a card, hashed.
#[derive(Clone)]
pub struct PasswordRow {
    /// Scheme of the hash.
    pub scheme: i16,
    /// Key under which it was made.
    pub key_id: i16,
    /// The hash, encrypted.
    pub hash: Vec<u8>,
}

/// How the card fared at this device.
#[derive(Debug, Clone, Copy)]
pub struct KnownDevice {
    /// The last right PIN.
    pub last_success_at: DateTime<Utc>,
    /// Own attempts left while the card is locked from elsewhere.
    pub tries_left: i16,
}

/// An attempt that has been counted before under the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Keyed hash of card and PIN: another PIN under the same id is another request.
    pub request_hash: Vec<u8>,
    /// Its [`super::changes::AttemptOutcome`].
    pub outcome: i16,
}

/// A message to the patron. Free text about a person: it has no `Debug`.
#[derive(Clone)]
pub struct Message {
    /// What it is.
    pub kind: MessageKind,
    /// What it says in words of its own; empty when its kind says it all.
    pub body: String,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What was found for one PIN operation.
#[derive(Clone)]
pub struct Facts {
    /// Place of the operation in its turn.
    pub ord: usize,
    /// Version of the rulebook by which to decide.
    pub rulebook_version: i64,
    /// The asking device.
    pub device: Option<Device>,
    /// When its PIN attempts were suspended until staff release it.
    pub suspended_at: Option<DateTime<Utc>>,
    /// The answer to its attempt id.
    pub remembered: Option<Remembered>,
    /// Card and patron.
    pub party: Option<Party>,
    /// For the greeting.
    pub given_names: Option<String>,
    /// What the patron is to be shown, newest first: messages that nobody removed, whatever their end.
    pub messages: Vec<Message>,
    /// Holds ready at the device's branch.
    pub ready_holds: i64,
    /// The PIN.
    pub pin: Option<PinRow>,
    /// The password of the online library.
    pub web_password: Option<PasswordRow>,
    /// The card at this device.
    pub known_device: Option<KnownDevice>,
    /// The device's counted failures in the short window.
    pub failures_in_window: i64,
    /// When the oldest of them was.
    pub oldest_failure_at: Option<DateTime<Utc>>,
    /// Cards that failed at the device today.
    pub failing_cards_today: i64,
    /// Whether this card is among them.
    pub card_failed_today: bool,
    /// The attempt itself, when it has been counted.
    pub attempt: Option<Attempt>,
}

fn text(engine: Engine) -> String {
    let messages = list(
        engine,
        "m.kind, m.body, m.expires_at",
        "from (select kind, body, expires_at from messages where patron_id = p.id and removed_at is null \
         and audience = 2 order by id desc limit 100) m",
    );
    format!(
        "select k.ord, (select version from rulebook_version), {DEVICE_COLUMNS}, d.pin_suspended_at, \
         r.request_hash, r.answer, {}, p.given_names, {messages}, \
         (select count(*) from holds h where h.patron_id = p.id and h.state in (1, 2, 3) and h.state = 3 \
           and h.pickup_branch_id = d.branch_id), \
         n.scheme, n.key_id, n.hash, n.failures, n.locked_until, n.disabled_at, n.last_wrong, \
         w.scheme, w.key_id, w.hash, \
         kd.last_success_at, kd.tries_left, \
         (select count(*) from pin_attempts a where a.device_id = d.id and a.outcome <> 2 \
           and a.outcome in (1, 3) and a.at > k.window_from), \
         (select min(a.at) from pin_attempts a where a.device_id = d.id and a.outcome <> 2 \
           and a.outcome in (1, 3) and a.at > k.window_from), \
         (select count(distinct a.card_key) from pin_attempts a where a.device_id = d.id and a.outcome <> 2 \
           and a.outcome in (1, 3) and a.at >= k.day_from), \
         (select count(*) from pin_attempts a where a.device_id = d.id and a.outcome <> 2 \
           and a.outcome in (1, 3) and a.at >= k.day_from and a.card_key = k.card_key), \
         t.request_hash, t.outcome \
         from {} {DEVICE_JOIN}\
         left join remembered_answers r on r.device_id = d.id and r.request_id = k.attempt_id \
         left join cards c on c.number = k.card left join patrons p on p.id = c.patron_id \
         left join pins n on n.card_id = c.id left join web_passwords w on w.card_id = c.id \
         left join known_devices kd on kd.card_id = c.id and kd.device_id = d.id \
         left join pin_attempts t on t.device_id = d.id and t.attempt_id = k.attempt_id",
        party_columns(engine, "k.today"),
        rows(engine, KEY, 1)
    )
}

one_text_per_engine!();

/// Loads the facts of every key, in any order.
///
/// # Errors
/// [`StoreError`] when the database fails or holds a code that this version does not know.
pub async fn load(
    connection: &impl ConnectionTrait,
    engine: Engine,
    keys: &[Key],
) -> Result<Vec<Facts>, StoreError> {
    cursor::load(connection, sql(engine), keys, read).await
}

fn read(cursor: &mut Cursor<'_>) -> Result<Facts, StoreError> {
    let ord = cursor.ord()?;
    let rulebook_version = cursor.get()?;
    let device = Device::read(cursor)?;
    let suspended_at = cursor.get()?;
    let remembered = match (cursor.get::<Option<Vec<u8>>>()?, cursor.get::<Option<String>>()?) {
        (Some(request_hash), Some(answer)) => Some(Remembered { request_hash, answer }),
        _ => None,
    };
    let party = Party::read(cursor)?;
    let given_names = cursor.get()?;
    let messages = cursor
        .list::<(i16, String, Option<DateTime<Utc>>)>()?
        .into_iter()
        .map(|(kind, body, expires_at)| Ok(Message { kind: kind.try_into()?, body, expires_at }))
        .collect::<Result<_, StoreError>>()?;
    let ready_holds = cursor.get()?;
    let pin = match cursor.get::<Option<i16>>()? {
        None => {
            cursor.skip(6);
            None
        }
        Some(scheme) => Some(PinRow {
            scheme,
            key_id: cursor.get()?,
            hash: cursor.get()?,
            failures: cursor.get()?,
            locked_until: cursor.get()?,
            disabled_at: cursor.get()?,
            last_wrong: cursor.get()?,
        }),
    };
    let web_password = match cursor.get::<Option<i16>>()? {
        None => {
            cursor.skip(2);
            None
        }
        Some(scheme) => Some(PasswordRow { scheme, key_id: cursor.get()?, hash: cursor.get()? }),
    };
    let known_device = match (cursor.get::<Option<_>>()?, cursor.get::<Option<_>>()?) {
        (Some(last_success_at), Some(tries_left)) => Some(KnownDevice { last_success_at, tries_left }),
        _ => None,
    };
    let failures_in_window = cursor.get()?;
    let oldest_failure_at = cursor.get()?;
    let failing_cards_today = cursor.get()?;
    let card_failed_today = cursor.get::<i64>()? > 0;
    let attempt = match (cursor.get::<Option<_>>()?, cursor.get::<Option<_>>()?) {
        (Some(request_hash), Some(outcome)) => Some(Attempt { request_hash, outcome }),
        _ => None,
    };
    Ok(Facts {
        ord,
        rulebook_version,
        device,
        suspended_at,
        remembered,
        party,
        given_names,
        messages,
        ready_holds,
        pin,
        web_password,
        known_device,
        failures_in_window,
        oldest_failure_at,
        failing_cards_today,
        card_failed_today,
        attempt,
    })
}
