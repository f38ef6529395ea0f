//! Every fact that a door check is decided on. Read only: nothing is locked, because a ban that was
//! committed before the question is in the snapshot of this statement.

use super::{
    cursor::{self, Cursor},
    dialect::{Columns, Hex, Kind, one_text_per_engine, rows},
    party::{DEVICE_COLUMNS, DEVICE_JOIN, Device, Party, party_columns},
};
use crate::{Engine, StoreError};
use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use serde::Serialize;

/// What one door check asks about.
#[derive(Clone, Serialize)]
pub struct Key {
    /// Place of the operation in its turn.
    pub ord: i64,
    /// SHA-256 of the device's certificate.
    pub fingerprint: Hex,
    /// Card number.
    pub card: String,
    /// The local date, on which fees are owed or have lapsed.
    pub today: NaiveDate,
}

const KEY: Columns =
    &[("ord", Kind::Int), ("fingerprint", Kind::Bytes), ("card", Kind::Text), ("today", Kind::Date)];

/// What was found for one door check.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Place of the operation in its turn.
    pub ord: usize,
    /// Version of the rulebook by which to decide.
    pub rulebook_version: i64,
    /// The asking device.
    pub device: Option<Device>,
    /// Card and patron.
    pub party: Option<Party>,
}

fn text(engine: Engine) -> String {
    format!(
        "select k.ord, (select version from rulebook_version), {DEVICE_COLUMNS}, {} from {} {DEVICE_JOIN}\
         left join cards c on c.number = k.card left join patrons p on p.id = c.patron_id",
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
    Ok(Facts {
        ord: cursor.ord()?,
        rulebook_version: cursor.get()?,
        device: Device::read(cursor)?,
        party: Party::read(cursor)?,
    })
}
