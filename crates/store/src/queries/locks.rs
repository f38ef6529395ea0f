//! Row locks of a turn on PostgreSQL, in one statement and in one order everywhere:
//! device, patron, item, title (for its queue). SQLite has one writer and needs none.

use super::{
    cursor::Cursor,
    dialect::{Columns, Hex, Kind, parameter, rows},
};
use crate::{Engine, StoreError};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde::Serialize;
use std::{collections::HashSet, sync::LazyLock};
use uuid::Uuid;

/// What one operation will change or rely on. Unset keys lock nothing.
#[derive(Clone, Default, Serialize)]
pub struct Key {
    /// Fingerprint of a device whose PIN budget is spent from.
    pub device: Option<Hex>,
    /// Token of the patron.
    pub token_hash: Option<Hex>,
    /// Card of the patron.
    pub card: Option<String>,
    /// Barcode of the item.
    pub barcode: Option<String>,
    /// Hold whose item is picked up.
    pub hold_id: Option<Uuid>,
    /// Whether the queue of the title of the item or of the hold is handed out from.
    pub queue: bool,
    /// Whether whoever has the item on loan is charged.
    pub borrower: bool,
    /// The patron.
    pub patron_id: Option<i64>,
    /// The title whose queue grows.
    pub title_id: Option<i64>,
}

const KEY: Columns = &[
    ("device", Kind::Bytes),
    ("token_hash", Kind::Bytes),
    ("card", Kind::Text),
    ("barcode", Kind::Text),
    ("hold_id", Kind::Uuid),
    ("queue", Kind::Bool),
    ("borrower", Kind::Bool),
    ("patron_id", Kind::Int),
    ("title_id", Kind::Int),
];

/// The rows that a turn holds until it commits.
#[derive(Debug, Clone, Default)]
pub struct Held {
    everything: bool,
    patrons: HashSet<i64>,
    items: HashSet<i64>,
    titles: HashSet<i64>,
}

impl Held {
    /// Whether this patron's row is held. A card may have moved to another patron between locking and
    /// loading; then the operation waits for the next turn.
    #[must_use]
    pub fn patron(&self, id: i64) -> bool {
        self.everything || self.patrons.contains(&id)
    }

    /// Whether this item's row is held.
    #[must_use]
    pub fn item(&self, id: i64) -> bool {
        self.everything || self.items.contains(&id)
    }

    /// Whether this item's row is held and the queue of its title with it. It may have been moved to another title
    /// between locking and loading.
    #[must_use]
    pub fn queue_of(&self, item: i64, title: i64) -> bool {
        self.item(item) && (self.everything || self.titles.contains(&title))
    }
}

// The sort below each lock is what makes two servers take the same rows in the same order; the lock
// is weak enough (no key update) that foreign-key checks of other writers do not wait for it.
static LOCK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "with k as materialized (select * from {}), \
         d as materialized (select id from devices where id in \
           (select dc.device_id from k join device_certificates dc on dc.fingerprint = k.device) \
           order by id for no key update), \
         p as materialized (select id from patrons where id in \
           (select s.patron_id from k join patron_sessions s on s.token_hash = k.token_hash \
            union select c.patron_id from k join cards c on c.number = k.card union select k.patron_id from k \
            union select l.patron_id from k join items n on n.barcode = k.barcode \
            join open_loans l on l.item_id = n.id where k.borrower) \
           order by id for no key update), \
         i as materialized (select id from items where id in \
           (select n.id from k join items n on n.barcode = k.barcode \
            union select h.kept_item_id from k join holds h on h.id = k.hold_id) \
           order by id for no key update), \
         t as materialized (select id from titles where id in \
           (select n.title_id from k join items n on n.barcode = k.barcode where k.queue \
            union select h.title_id from k join holds h on h.id = k.hold_id where k.queue \
            union select n.title_id from k join holds h on h.id = k.hold_id \
            join items n on n.id = h.kept_item_id where k.queue \
            union select k.title_id from k) \
           order by id for no key update) \
         select 0::smallint, id from d union all select 1::smallint, id from p \
         union all select 2::smallint, id from i union all select 3::smallint, id from t",
        rows(Engine::Postgres, KEY, 1)
    )
});

/// The statement, for tests that explain it.
#[must_use]
pub fn sql() -> &'static str {
    &LOCK
}

// In the order of keys, as above: the patron's own row may come before, between or behind those of the wards.
const LOCK_WITH_WARDS: &str = "select id from patrons where id in \
     (select s.patron_id from patron_sessions s where s.token_hash = $1 \
      union select r.ward_id from patron_sessions s \
      join relations r on r.other_id = s.patron_id and r.ended_at is null where s.token_hash = $1) \
     order by id for no key update";

/// Locks the patron of a session and everybody beside whom that patron stands by a relation that nobody has ended.
/// Nothing else may be held before.
///
/// # Errors
/// As [`take`].
pub async fn take_with_wards(
    connection: &impl ConnectionTrait,
    engine: Engine,
    token_hash: &[u8; 32],
) -> Result<Held, StoreError> {
    if engine == Engine::Sqlite {
        return Ok(Held { everything: true, ..Held::default() });
    }
    let mut held = Held::default();
    let parameters = [token_hash.to_vec().into()];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, LOCK_WITH_WARDS, parameters);
    for row in &connection.query_all_raw(statement).await? {
        held.patrons.insert(Cursor::new(row).get()?);
    }
    Ok(held)
}

/// Locks the rows of every key; waits for those that another server holds.
///
/// # Errors
/// [`StoreError`], also when the wait exceeds the connection's lock timeout.
pub async fn take(
    connection: &impl ConnectionTrait,
    engine: Engine,
    keys: &[Key],
) -> Result<Held, StoreError> {
    if engine == Engine::Sqlite {
        return Ok(Held { everything: true, ..Held::default() });
    }
    let mut held = Held::default();
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql(), [parameter(keys)]);
    for row in &connection.query_all_raw(statement).await? {
        let mut cursor = Cursor::new(row);
        let (kind, id) = (cursor.get::<i16>()?, cursor.get()?);
        match kind {
            1 => held.patrons.insert(id),
            2 => held.items.insert(id),
            3 => held.titles.insert(id),
            _ => continue,
        };
    }
    Ok(held)
}
