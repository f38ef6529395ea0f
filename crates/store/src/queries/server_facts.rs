//! What PostgreSQL tells of itself, for `kortisto check`. SQLite has nothing to ask: it is opened as it has to be.

use crate::StoreError;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TryGetable};

/// Settings on which it depends whether an acknowledged write survives.
pub const DURABILITY_SETTINGS: &[&str] = &["fsync", "full_page_writes", "synchronous_commit"];

/// The value of a setting.
///
/// # Errors
/// [`StoreError`], also for a setting that does not exist.
pub async fn setting(connection: &impl ConnectionTrait, name: &str) -> Result<String, StoreError> {
    one(
        connection,
        Statement::from_sql_and_values(DbBackend::Postgres, "select current_setting($1)", [name.into()]),
    )
    .await
}

/// Whether this role could change rows of the audit trail.
///
/// # Errors
/// [`StoreError`].
pub async fn may_change_audit(connection: &impl ConnectionTrait) -> Result<bool, StoreError> {
    let sql = "select coalesce(has_table_privilege(to_regclass('audit'), 'update'), false)";
    one(connection, Statement::from_string(DbBackend::Postgres, sql)).await
}

/// The database's clock.
///
/// # Errors
/// [`StoreError`].
pub async fn clock(connection: &impl ConnectionTrait) -> Result<DateTime<Utc>, StoreError> {
    one(connection, Statement::from_string(DbBackend::Postgres, "select clock_timestamp()")).await
}

async fn one<T: TryGetable>(
    connection: &impl ConnectionTrait,
    statement: Statement,
) -> Result<T, StoreError> {
    let row = connection.query_one_raw(statement).await?;
    let row = row.ok_or(StoreError::Inconsistent { table: "pg_catalog", column: "answer" })?;
    Ok(row.try_get_by_index(0)?)
}
