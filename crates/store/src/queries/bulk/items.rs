//! Items of an import, by barcode.

use super::{WANTED_ID, WANTED_TEXT, Wanted, execute, find, query, update};
use crate::{
    Engine, StoreError,
    entities::items,
    queries::{
        dialect::{At, Columns, Kind},
        locks,
    },
};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use std::collections::HashMap;

/// An item as an import writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemRow {
    /// Its key; not looked at by [`insert`].
    pub id: i64,
    /// Its barcode.
    pub barcode: String,
    /// What it is a copy of.
    pub title_id: i64,
    /// The title with which it was read; not looked at by [`insert`].
    pub title_read: i64,
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
    ("title_read", Kind::Int),
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

/// What hangs on an item beside the hold that it is kept for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ties {
    /// Whether it is on loan.
    pub lent: bool,
    /// Whether a hold of its title waits for it and for no other item.
    pub awaited: bool,
}

/// Whether a hold waits for the item `i` alone.
const AWAITED: &str = "exists (select 1 from holds h where h.title_id = i.title_id and h.state = 1 \
                       and h.only_item_id = i.id)";

/// What hangs on the items with these keys, by key.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn ties(
    connection: &impl ConnectionTrait,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Ties>, StoreError> {
    let sql = format!(
        "select i.id, o.item_id is not null, {AWAITED} from {{rows}} cross join items as i \
         left join open_loans o on o.item_id = i.id where i.id = k.wanted"
    );
    let wanted: Vec<_> = ids.map(|wanted| Wanted { wanted }).collect();
    let rows = query(connection, &sql, WANTED_ID, &wanted).await?;
    rows.iter()
        .map(|row| {
            let ties = Ties { lent: row.try_get_by_index(1)?, awaited: row.try_get_by_index(2)? };
            Ok((row.try_get_by_index(0)?, ties))
        })
        .collect()
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

/// Writes items that are there and differ; where they are is left as it is. Nothing of them, and no queue of a title
/// that one of them leaves, changes from here to the end of the transaction.
///
/// # Errors
/// [`StoreError`], among them `Conflict` when one was returned or moved since it was read; when one that changes its
/// state was lent or kept; and when one that changes its title was kept or is waited for itself.
pub async fn change(connection: &impl ConnectionTrait, rows: &[ItemRow]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    // A check-out of an available item writes no row of it, and a hold of one item only takes the row of its title: the
    // update itself would neither see them nor wait for them. Held first, it sees all that was committed before.
    let held: Vec<_> = rows.iter().map(ItemRow::lock).collect();
    locks::take(connection, Engine::of(connection), &held).await?;
    let sql = format!(
        "update items as i set title_id = k.title_id, home_branch_id = k.home_branch_id, \
         collection = k.collection, state = k.state, price_cents = k.price_cents, note = k.note, \
         state_since = case when i.state = k.state then i.state_since else k.at end from {{rows}} \
         where i.id = k.id and i.state = k.state_read and i.title_id = k.title_read \
         and (k.state = k.state_read or (i.kept_for_hold_id is null \
           and not exists (select 1 from open_loans o where o.item_id = i.id))) \
         and (k.title_id = k.title_read or (i.kept_for_hold_id is null and not {AWAITED}))"
    );
    update(connection, &sql, COLUMNS, rows).await
}

impl ItemRow {
    /// What is held to change it: the item, and the queue of the title that it leaves.
    fn lock(&self) -> locks::Key {
        let queue = self.title_id != self.title_read;
        locks::Key { barcode: Some(self.barcode.clone()), queue, ..locks::Key::default() }
    }
}
