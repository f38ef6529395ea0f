//! Titles of an import, by number.

use super::{WANTED_TEXT, Wanted, Written, execute, find, query, update};
use crate::{
    StoreError,
    entities::titles,
    queries::dialect::{Columns, Kind},
};
use sea_orm::ConnectionTrait;
use serde::Serialize;

/// A title as an import writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TitleRow {
    /// Its key; not looked at by [`insert`].
    pub id: i64,
    /// Its number in the catalogue.
    pub number: String,
    /// What a person reads.
    pub label: String,
    /// Its material.
    pub material: String,
    /// Its language.
    pub language: String,
    /// Its age rating in years.
    pub age_rating: Option<i16>,
    /// Its price in cents.
    pub price_cents: Option<i64>,
}

const COLUMNS: Columns = &[
    ("id", Kind::Int),
    ("number", Kind::Text),
    ("label", Kind::Text),
    ("material", Kind::Text),
    ("language", Kind::Text),
    ("age_rating", Kind::Small),
    ("price_cents", Kind::Int),
];

/// The titles that have one of these numbers.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn with_numbers<'a>(
    connection: &impl ConnectionTrait,
    numbers: impl Iterator<Item = &'a str>,
) -> Result<Vec<titles::Model>, StoreError> {
    let sql = "select t.* from {rows} cross join titles as t where t.number = k.wanted";
    find::<titles::Entity, _>(connection, sql, WANTED_TEXT, numbers).await
}

/// The keys of the titles that have one of these numbers.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn keys<'a>(
    connection: &impl ConnectionTrait,
    numbers: impl Iterator<Item = &'a str>,
) -> Result<Vec<Written>, StoreError> {
    let wanted: Vec<_> = numbers.map(|wanted| Wanted { wanted }).collect();
    let sql = "select t.id, t.number from {rows} cross join titles as t where t.number = k.wanted";
    Written::all(&query(connection, sql, WANTED_TEXT, &wanted).await?)
}

/// Writes new titles.
///
/// # Errors
/// [`StoreError`], among them `Unique` when a number is taken.
pub async fn insert(connection: &impl ConnectionTrait, rows: &[TitleRow]) -> Result<(), StoreError> {
    let sql = "insert into titles (number, label, material, language, age_rating, price_cents) \
               select number, label, material, language, age_rating, price_cents from {rows}";
    execute(connection, sql, COLUMNS, rows).await.map(drop)
}

/// Writes titles that are there and differ.
///
/// # Errors
/// [`StoreError`], among them `Conflict` when one has gone meanwhile.
pub async fn change(connection: &impl ConnectionTrait, rows: &[TitleRow]) -> Result<(), StoreError> {
    let sql = "update titles as t set label = k.label, material = k.material, language = k.language, \
               age_rating = k.age_rating, price_cents = k.price_cents from {rows} where t.id = k.id";
    update(connection, sql, COLUMNS, rows).await
}
