//! Items of an import, by barcode.

use super::{WANTED_TEXT, execute, find, update};
use crate::{
    StoreError,
    entities::items,
    queries::dialect::{At, Columns, Kind},
};
use sea_orm::ConnectionTrait;
use serde::Serialize;

/// An item as an import writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemRow {
    /// Its key; not looked at by [`insert`].
    pub id: i64,
    /// Its barcode.
    pub barcode: String,
    /// What it is a copy of.
    pub title_id: i64,
    /// Where it belongs; a new one also is there.
    pub home_branch_id: i64,
    /// Its collection.
    pub collection: String,
    /// Its state.
    pub state: i16,
    /// The state in which it was read; not looked at by [`insert`].
    pub state_read: i16,
    /// Its price in cents.
    pub price_cents: Option<i64>,
    /// A note about it.
    pub note: Option<String>,
    /// Since when it has its state, where that is another one now.
    pub at: At,
}

const COLUMNS: Columns = &[
    ("id", Kind::Int),
    ("barcode", Kind::Text),
    ("title_id", Kind::Int),
    ("home_branch_id", Kind::Int),
    ("collection", Kind::Text),
    ("state", Kind::Small),
    ("state_read", Kind::Small),
    ("price_cents", Kind::Int),
    ("note", Kind::Text),
    ("at", Kind::Instant),
];

/// The items that have one of these barcodes.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn with_barcodes<'a>(
    connection: &impl ConnectionTrait,
    barcodes: impl Iterator<Item = &'a str>,
) -> Result<Vec<items::Model>, StoreError> {
    let sql = "select i.* from {rows} cross join items as i where i.barcode = k.wanted";
    find::<items::Entity, _>(connection, sql, WANTED_TEXT, barcodes).await
}

/// Writes new items, each at its home branch.
///
/// # Errors
/// [`StoreError`], among them `Unique` when a barcode is taken.
pub async fn insert(connection: &impl ConnectionTrait, rows: &[ItemRow]) -> Result<(), StoreError> {
    let sql = "insert into items (barcode, title_id, home_branch_id, collection, state, at_branch_id, \
                 price_cents, note, state_since) \
               select barcode, title_id, home_branch_id, collection, state, home_branch_id, \
                 price_cents, note, at from {rows}";
    execute(connection, sql, COLUMNS, rows).await.map(drop)
}

/// Writes items that are there and differ; where they are is left as it is.
///
/// # Errors
/// [`StoreError`], among them `Conflict` when one was lent, returned or moved since it was read.
pub async fn change(connection: &impl ConnectionTrait, rows: &[ItemRow]) -> Result<(), StoreError> {
    let sql = "update items as i set title_id = k.title_id, home_branch_id = k.home_branch_id, \
               collection = k.collection, state = k.state, price_cents = k.price_cents, note = k.note, \
               state_since = case when i.state = k.state then i.state_since else k.at end from {rows} \
               where i.id = k.id and i.state = k.state_read";
    update(connection, sql, COLUMNS, rows).await
}
