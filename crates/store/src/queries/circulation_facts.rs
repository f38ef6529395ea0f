//! Every fact that check-out, return, pick-up and the end of a session are decided on, in one
//! statement for a whole turn.

use super::{
    cursor::{self, Cursor},
    dialect::{Columns, Hex, Kind, list, one_text_per_engine, rows},
    hold_queue,
    item::{ITEM_JOINS, Item, item_columns},
    party::{DEVICE_COLUMNS, DEVICE_JOIN, Device, Party, party_columns},
};
use crate::{Engine, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{HoldState, PatronCategory};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use uuid::Uuid;

/// Holds of one queue that a turn may hand out at most: one for each of its returns.
pub const QUEUE_ROWS_MAX: usize = 64;

/// What one operation asks about. Unset keys match nothing.
#[derive(Clone, Serialize)]
pub struct Key {
    /// Place of the operation in its turn.
    pub ord: i64,
    /// SHA-256 of the device's certificate.
    pub fingerprint: Hex,
    /// Its request id.
    pub request_id: Option<Uuid>,
    /// SHA-256 of the patron token.
    pub token_hash: Option<Hex>,
    /// Card number.
    pub card: Option<String>,
    /// Barcode of the item.
    pub barcode: Option<String>,
    /// A hold to pick up.
    pub hold_id: Option<Uuid>,
    /// Whether those are wanted who wait for the item's title and whom the item can serve.
    pub wants_queue: bool,
    /// The local date: holds that are frozen on it, or whose time has ended before it, do not wait; fees that have lapsed
    /// on it are not owed.
    pub today: NaiveDate,
}

impl Key {
    /// Asks about nothing yet, as nobody.
    #[must_use]
    pub const fn blank(ord: i64, today: NaiveDate) -> Self {
        Self {
            ord,
            fingerprint: Hex(Vec::new()),
            request_id: None,
            token_hash: None,
            card: None,
            barcode: None,
            hold_id: None,
            wants_queue: false,
            today,
        }
    }
}

pub(super) const KEY: Columns = &[
    ("ord", Kind::Int),
    ("fingerprint", Kind::Bytes),
    ("request_id", Kind::Uuid),
    ("token_hash", Kind::Bytes),
    ("card", Kind::Text),
    ("barcode", Kind::Text),
    ("hold_id", Kind::Uuid),
    ("wants_queue", Kind::Bool),
    ("today", Kind::Date),
];

/// An answer given before under the same request id.
#[derive(Clone)]
pub struct Remembered {
    /// Keyed hash of the request.
    pub request_hash: Vec<u8>,
    /// The answer, as the register wrote it.
    pub answer: String,
}

/// A session that a token names.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its key.
    pub id: Uuid,
    /// The device to which it is bound.
    pub device_id: i64,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
    /// When it was ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The guardian who opened it for the patron, a ward; none where the patron did.
    pub guardian_id: Option<i64>,
}

/// A hold in the queue of a title.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Its key.
    pub id: Uuid,
    /// Whose it is.
    pub patron_id: i64,
    /// The category of its holder.
    pub category: PatronCategory,
    /// Where it is picked up.
    pub pickup_branch_id: i64,
    /// Set when only this item will do.
    pub only_item_id: Option<i64>,
    /// Set when only items of this branch will do.
    pub only_branch_id: Option<i64>,
    /// With which card it was placed.
    pub card_id: Option<i64>,
    /// The stop at which it is picked up.
    pub pickup_stop_id: Option<i64>,
    /// The locker in which it is picked up.
    pub pickup_locker_id: Option<i64>,
}

/// What a row of a queue holds, in the order of the statement.
type QueuedColumns = (Uuid, i64, i16, i64, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// A hold that a request names.
#[derive(Debug, Clone)]
pub struct NamedHold {
    /// Its key.
    pub id: Uuid,
    /// Whose it is.
    pub patron_id: i64,
    /// Its state.
    pub state: HoldState,
    /// Where it is picked up.
    pub pickup_branch_id: i64,
    /// The locker in whose compartment it lies, where one was told.
    pub stocked_by: Option<i64>,
    /// The device that has reserved its pickup last, and until when.
    pub reserved: Option<(i64, DateTime<Utc>)>,
}

/// What was found for one operation.
#[derive(Clone)]
pub struct Facts {
    /// Place of the operation in its turn.
    pub ord: usize,
    /// Version of the rulebook by which to decide.
    pub rulebook_version: i64,
    /// The asking device.
    pub device: Option<Device>,
    /// The answer to its request id.
    pub remembered: Option<Remembered>,
    /// The session of its token.
    pub session: Option<Session>,
    /// Card and patron, of the token or of the card number.
    pub party: Option<Party>,
    /// The item, of the barcode or of the hold.
    pub item: Option<Item>,
    /// Of the queue of the item's title those whom the item can serve, in order. Whoever has an item of the title waits
    /// for none.
    pub queue: Vec<Queued>,
    /// Pending holds of the item's borrower that it has served.
    pub served_by_loan: Vec<Uuid>,
    /// The hold.
    pub hold: Option<NamedHold>,
}

fn text(engine: Engine) -> String {
    let keys = rows(engine, KEY, 1);
    let party = party_columns(engine, "k.today");
    let item = item_columns(engine);
    let (is_served, is_without_title) = (hold_queue::is_served("h"), hold_queue::is_without_title("h"));
    let queue = list(
        engine,
        match engine {
            Engine::Postgres => {
                "q.id, q.patron_id, q.category, q.pickup_branch_id, q.only_item_id, q.only_branch_id, q.card_id, \
                 q.pickup_stop_id, q.pickup_locker_id"
            }
            Engine::Sqlite => {
                "lower(hex(q.id)), q.patron_id, q.category, q.pickup_branch_id, q.only_item_id, q.only_branch_id, q.card_id, \
                 q.pickup_stop_id, q.pickup_locker_id"
            }
        },
        &format!(
            "from (select h.id, h.patron_id, hp.category, h.pickup_branch_id, h.only_item_id, h.only_branch_id, h.card_id, \
             h.pickup_stop_id, h.pickup_locker_id from holds h join patrons hp on hp.id = h.patron_id \
             where k.wants_queue and {is_served} and h.patron_id <> coalesce(o.patron_id, 0) and {is_without_title} \
             order by h.queue_number limit {QUEUE_ROWS_MAX}) q"
        ),
    );
    let served = match engine {
        Engine::Postgres => "h.id",
        Engine::Sqlite => "lower(hex(h.id))",
    };
    let from = format!("from holds h where k.wants_queue and {is_served} and h.patron_id = o.patron_id");
    let served = list(engine, served, &from);
    format!(
        "select k.ord, (select version from rulebook_version), {DEVICE_COLUMNS}, r.request_hash, r.answer, \
         s.id, s.device_id, s.expires_at, s.ended_at, s.guardian_id, {party}, {item}, {queue}, {served}, h.id, h.patron_id, h.state, \
         h.pickup_branch_id, h.compartment_device_id, h.reserved_device_id, h.reserved_until \
         from {keys} {DEVICE_JOIN}\
         left join remembered_answers r on r.device_id = d.id and r.request_id = k.request_id \
         left join patron_sessions s on s.token_hash = k.token_hash \
         left join cards c on c.id = coalesce(s.card_id, (select n.id from cards n where n.number = k.card)) \
         left join patrons p on p.id = c.patron_id \
         left join holds h on h.id = k.hold_id \
         left join items i on i.id = coalesce(h.kept_item_id, (select n.id from items n where n.barcode = k.barcode)) \
         {ITEM_JOINS}"
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
    let remembered = match (cursor.get::<Option<Vec<u8>>>()?, cursor.get::<Option<String>>()?) {
        (Some(request_hash), Some(answer)) => Some(Remembered { request_hash, answer }),
        _ => None,
    };
    let session = read_session(cursor)?;
    let party = Party::read(cursor)?;
    let item = Item::read(cursor)?;
    let queue = cursor
        .list::<QueuedColumns>()?
        .into_iter()
        .map(
            |(
                id,
                patron_id,
                category,
                pickup_branch_id,
                only_item_id,
                only_branch_id,
                card_id,
                stop,
                locker,
            )| {
                Ok(Queued {
                    id,
                    patron_id,
                    category: category.try_into()?,
                    pickup_branch_id,
                    only_item_id,
                    only_branch_id,
                    card_id,
                    pickup_stop_id: stop,
                    pickup_locker_id: locker,
                })
            },
        )
        .collect::<Result<_, StoreError>>()?;
    let served_by_loan = cursor.list::<(Uuid,)>()?.into_iter().map(|(id,)| id).collect();
    let hold = match cursor.get::<Option<Uuid>>()? {
        None => None,
        Some(id) => Some(NamedHold {
            id,
            patron_id: cursor.get()?,
            state: cursor.code()?,
            pickup_branch_id: cursor.get()?,
            stocked_by: cursor.get()?,
            reserved: cursor.get::<Option<i64>>()?.zip(cursor.get::<Option<DateTime<Utc>>>()?),
        }),
    };
    Ok(Facts { ord, rulebook_version, device, remembered, session, party, item, queue, served_by_loan, hold })
}

fn read_session(cursor: &mut Cursor<'_>) -> Result<Option<Session>, StoreError> {
    let Some(id) = cursor.get::<Option<Uuid>>()? else {
        cursor.skip(4);
        return Ok(None);
    };
    Ok(Some(Session {
        id,
        device_id: cursor.get()?,
        expires_at: cursor.get()?,
        ended_at: cursor.get()?,
        guardian_id: cursor.get()?,
    }))
}
