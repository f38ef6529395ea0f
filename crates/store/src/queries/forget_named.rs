//! Forgets what rows of the audit trail name. The hash that stays is worked out by whoever knows the chain.

use super::dialect::{Columns, Hex, Kind, parameter, rows};
use crate::{Engine, StoreError};
use sea_orm::{ConnectionTrait, Statement};
use serde::Serialize;
use uuid::Uuid;

/// A row of which only the hash stays.
#[derive(Clone, Serialize)]
pub struct Forgotten {
    /// The row.
    pub id: Uuid,
    /// The hash of what it named.
    pub named_hash: Hex,
}

const COLUMNS: Columns = &[("id", Kind::Uuid), ("named_hash", Kind::Bytes)];

/// Forgets what these rows name. One that another transaction has forgotten meanwhile stays as it is.
///
/// # Errors
/// [`StoreError`].
pub async fn forget(connection: &impl ConnectionTrait, forgotten: &[Forgotten]) -> Result<(), StoreError> {
    if forgotten.is_empty() {
        return Ok(());
    }
    let engine = Engine::of(connection);
    let sql = format!(
        "update audit set item_id = null, loan_id = null, hold_id = null, named_salt = null, \
         named_hash = k.named_hash from {} where audit.id = k.id and audit.named_hash is null",
        rows(engine, COLUMNS, 1)
    );
    let statement = Statement::from_sql_and_values(engine.backend(), sql, [parameter(forgotten)]);
    connection.execute_raw(statement).await?;
    Ok(())
}
