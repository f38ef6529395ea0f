//! Cards of an import, by number.

use super::{WANTED_TEXT, Written, find, insert_returning, update};
use crate::{
    StoreError,
    entities::cards,
    queries::dialect::{At, Columns, Kind},
};
use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use serde::Serialize;

/// A card as an import writes it. Part of a person's record: it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CardRow {
    /// Its key; not looked at by [`insert`].
    pub id: i64,
    /// The number on it.
    pub number: String,
    /// Whose it is; not looked at by [`change`].
    pub patron_id: i64,
    /// Its state; not looked at by [`change`].
    pub state: i16,
    /// When the import runs.
    pub at: At,
    /// First day of validity.
    pub valid_from: NaiveDate,
    /// Last day of validity.
    pub valid_until: Option<NaiveDate>,
    /// Where it was issued; not looked at by [`change`].
    pub issuing_branch_id: i64,
}

const COLUMNS: Columns = &[
    ("id", Kind::Int),
    ("number", Kind::Text),
    ("patron_id", Kind::Int),
    ("state", Kind::Small),
    ("at", Kind::Instant),
    ("valid_from", Kind::Date),
    ("valid_until", Kind::Date),
    ("issuing_branch_id", Kind::Int),
];

/// The cards that have one of these numbers.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn with_numbers<'a>(
    connection: &impl ConnectionTrait,
    numbers: impl Iterator<Item = &'a str>,
) -> Result<Vec<cards::Model>, StoreError> {
    let sql = "select c.* from {rows} cross join cards as c where c.number = k.wanted";
    find::<cards::Entity, _>(connection, sql, WANTED_TEXT, numbers).await
}

/// Writes new cards and gives their keys by number.
///
/// # Errors
/// [`StoreError`], among them `Unique` when a number is taken.
pub async fn insert(connection: &impl ConnectionTrait, rows: &[CardRow]) -> Result<Vec<Written>, StoreError> {
    let sql = "insert into cards (number, patron_id, state, state_since, valid_from, valid_until, \
               issuing_branch_id) select number, patron_id, state, at, valid_from, valid_until, \
               issuing_branch_id from {rows} returning id, number";
    insert_returning(connection, sql, COLUMNS, rows).await
}

/// Writes the validity of cards that are there and differ.
///
/// # Errors
/// [`StoreError`], among them `Conflict` when one has gone meanwhile.
pub async fn change(connection: &impl ConnectionTrait, rows: &[CardRow]) -> Result<(), StoreError> {
    let sql = "update cards as c set valid_from = k.valid_from, valid_until = k.valid_until from {rows} \
               where c.id = k.id";
    update(connection, sql, COLUMNS, rows).await
}
