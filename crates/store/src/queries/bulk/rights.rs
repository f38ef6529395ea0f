//! Self-service rights of an import, by patron.

use super::{WANTED_ID, execute, find};
use crate::{
    StoreError,
    entities::self_service_rights,
    queries::dialect::{Columns, Kind},
};
use chrono::NaiveDate;
use sea_orm::ConnectionTrait;
use serde::Serialize;

/// A right that holds everywhere and until it is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RightRow {
    /// Whose.
    pub patron_id: i64,
    /// How it was granted.
    pub kind: i16,
    /// First day.
    pub valid_from: NaiveDate,
}

const COLUMNS: Columns = &[("patron_id", Kind::Int), ("kind", Kind::Small), ("valid_from", Kind::Date)];

/// The rights of these patrons that have not been withdrawn.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn standing(
    connection: &impl ConnectionTrait,
    patrons: impl Iterator<Item = i64>,
) -> Result<Vec<self_service_rights::Model>, StoreError> {
    let sql = "select r.* from {rows} cross join self_service_rights as r \
               where r.patron_id = k.wanted and r.withdrawn_at is null";
    find::<self_service_rights::Entity, _>(connection, sql, WANTED_ID, patrons).await
}

/// Writes new rights.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn insert(connection: &impl ConnectionTrait, rows: &[RightRow]) -> Result<(), StoreError> {
    let sql = "insert into self_service_rights (patron_id, kind, valid_from) \
               select patron_id, kind, valid_from from {rows}";
    execute(connection, sql, COLUMNS, rows).await.map(drop)
}
