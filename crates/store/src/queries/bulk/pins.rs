//! PINs of an import, by card.

use super::{WANTED_ID, Wanted, execute, query};
use crate::{
    StoreError,
    queries::dialect::{At, Columns, Hex, Kind},
};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use std::collections::HashSet;

/// A PIN as the vault keeps it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PinRow {
    /// Whose card.
    pub card_id: i64,
    /// How it is kept.
    pub scheme: i16,
    /// Under which key.
    pub key_id: i16,
    /// The sealed hash.
    pub hash: Hex,
    /// When the import runs.
    pub at: At,
}

const COLUMNS: Columns = &[
    ("card_id", Kind::Int),
    ("scheme", Kind::Small),
    ("key_id", Kind::Small),
    ("hash", Kind::Bytes),
    ("at", Kind::Instant),
];

/// Those of these cards that have a PIN.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn among(
    connection: &impl ConnectionTrait,
    cards: impl Iterator<Item = i64>,
) -> Result<HashSet<i64>, StoreError> {
    let wanted: Vec<_> = cards.map(|wanted| Wanted { wanted }).collect();
    let sql = "select p.card_id from {rows} cross join pins as p where p.card_id = k.wanted";
    let found = query(connection, sql, WANTED_ID, &wanted).await?;
    found.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Writes PINs of cards that have none.
///
/// # Errors
/// [`StoreError`], among them `Unique` when a card got one meanwhile.
pub async fn insert(connection: &impl ConnectionTrait, rows: &[PinRow]) -> Result<(), StoreError> {
    let sql = "insert into pins (card_id, scheme, key_id, hash, set_at) \
               select card_id, scheme, key_id, hash, at from {rows}";
    execute(connection, sql, COLUMNS, rows).await.map(drop)
}
