//! Work that one server at a time does, among those on one PostgreSQL. SQLite has one server.

use crate::{Engine, StoreError};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, Statement};

/// Work with one leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leadership {
    /// Adding to the chain of the audit trail.
    AuditChain,
}

impl Leadership {
    /// The advisory lock that the leader holds: the letters of "kortisto" for the first, and so on upwards.
    const fn lock(self) -> i64 {
        match self {
            Self::AuditChain => 0x6b6f_7274_6973_746f,
        }
    }

    /// Whether this transaction may do the work. It may until it ends.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn taken(self, transaction: &DatabaseTransaction) -> Result<bool, StoreError> {
        let engine = Engine::of(transaction);
        if engine == Engine::Sqlite {
            return Ok(true);
        }
        let sql = format!("select pg_try_advisory_xact_lock({})", self.lock());
        let row = transaction.query_one_raw(Statement::from_string(engine.backend(), sql)).await?;
        row.map_or(Ok(false), |row| Ok(row.try_get_by_index(0)?))
    }
}
