//! Patrons of an import, by number.

use super::{WANTED_TEXT, Wanted, Written, find, insert_returning, query, update};
use crate::{
    StoreError,
    entities::patrons,
    queries::dialect::{At, Columns, Kind},
};
use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use uuid::Uuid;

/// A patron as an import writes one. A person: it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PatronRow {
    /// Their key; not looked at by [`insert`].
    pub id: i64,
    /// Their number.
    pub number: String,
    /// Their pseudonym; not looked at by [`change`].
    pub pseudonym: Uuid,
    /// Their category.
    pub category: i16,
    /// Their standing; not looked at by [`change`].
    pub state: i16,
    /// Family name, or the name of an institution.
    pub family_name: String,
    /// Given names.
    pub given_names: String,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// Service language.
    pub service_language: String,
    /// Home branch.
    pub home_branch_id: i64,
    /// Last day of the right to use the library.
    pub valid_until: Option<NaiveDate>,
    /// The name by which the patron is found, folded.
    pub search_name: String,
    /// The support id; not looked at by [`change`].
    pub support_id: String,
    /// The hold alias; not looked at by [`change`].
    pub hold_alias: String,
    /// When the import runs.
    pub at: At,
    /// Who runs it.
    pub changed_by: &'static str,
}

const COLUMNS: Columns = &[
    ("id", Kind::Int),
    ("number", Kind::Text),
    ("pseudonym", Kind::Uuid),
    ("category", Kind::Small),
    ("state", Kind::Small),
    ("family_name", Kind::Text),
    ("given_names", Kind::Text),
    ("birth_date", Kind::Date),
    ("service_language", Kind::Text),
    ("home_branch_id", Kind::Int),
    ("valid_until", Kind::Date),
    ("search_name", Kind::Text),
    ("support_id", Kind::Text),
    ("hold_alias", Kind::Text),
    ("at", Kind::Instant),
    ("changed_by", Kind::Text),
];

/// The patrons that have one of these numbers.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn with_numbers<'a>(
    connection: &impl ConnectionTrait,
    numbers: impl Iterator<Item = &'a str>,
) -> Result<Vec<patrons::Model>, StoreError> {
    let sql = "select p.* from {rows} cross join patrons as p where p.number = k.wanted";
    find::<patrons::Entity, _>(connection, sql, WANTED_TEXT, numbers).await
}

/// Which of these support ids and hold aliases somebody has already, or are the number of a card.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn taken<'a>(
    connection: &impl ConnectionTrait,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, StoreError> {
    let sql = "select k.wanted from {rows} where exists (select 1 from patrons p where p.support_id = k.wanted) \
               or exists (select 1 from patrons p where p.hold_alias = k.wanted) \
               or exists (select 1 from cards c where c.number = k.wanted)";
    let wanted: Vec<_> = names.map(|wanted| Wanted { wanted }).collect();
    let rows = query(connection, sql, WANTED_TEXT, &wanted).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Which of these card numbers are a support id or a hold alias of somebody.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn names_among<'a>(
    connection: &impl ConnectionTrait,
    card_numbers: impl Iterator<Item = &'a str>,
) -> Result<Vec<String>, StoreError> {
    let sql = "select k.wanted from {rows} where exists (select 1 from patrons p where p.support_id = k.wanted) \
               or exists (select 1 from patrons p where p.hold_alias = k.wanted)";
    let wanted: Vec<_> = card_numbers.map(|wanted| Wanted { wanted }).collect();
    let rows = query(connection, sql, WANTED_TEXT, &wanted).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// Writes new patrons and gives their keys by number.
///
/// # Errors
/// [`StoreError`], among them `Unique` when a number is taken.
pub async fn insert(
    connection: &impl ConnectionTrait,
    rows: &[PatronRow],
) -> Result<Vec<Written>, StoreError> {
    let sql = "insert into patrons (number, pseudonym, category, state, family_name, given_names, birth_date, \
               service_language, home_branch_id, valid_until, search_name, support_id, hold_alias, created_at, \
               changed_at, changed_by) select number, pseudonym, category, state, family_name, given_names, \
               birth_date, service_language, home_branch_id, valid_until, search_name, support_id, hold_alias, \
               at, at, changed_by from {rows} \
               returning id, number";
    insert_returning(connection, sql, COLUMNS, rows).await
}

/// Writes patrons that are there and differ; standing and pseudonym are left as they are.
///
/// # Errors
/// [`StoreError`], among them `Conflict` when one has gone meanwhile.
pub async fn change(connection: &impl ConnectionTrait, rows: &[PatronRow]) -> Result<(), StoreError> {
    let sql = "update patrons as p set category = k.category, family_name = k.family_name, \
               given_names = k.given_names, birth_date = k.birth_date, service_language = k.service_language, \
               home_branch_id = k.home_branch_id, valid_until = k.valid_until, search_name = k.search_name, \
               changed_at = k.at, \
               changed_by = k.changed_by from {rows} where p.id = k.id";
    update(connection, sql, COLUMNS, rows).await
}
