//! What surrounds the statements of an import: one import at a time, its own time limits, statistics.

use crate::{Engine, StoreError};
use sea_orm::{ConnectionTrait, Statement};

/// The advisory lock that an import holds, on PostgreSQL. Any number that nothing else locks.
const IMPORT_LOCK: i64 = 0x6b6f_7274_6973;

/// Settings of an import's transaction on PostgreSQL. The limits of the pool are for calls of devices; the
/// longest gap between two statements here is the hashing of one batch of PINs. The plans are those of a
/// lane, for the same reason: made once, by index, right also for tables that the import itself fills.
const POSTGRES_SETTINGS: &str = "\
set local statement_timeout = '120s'; \
set local idle_in_transaction_session_timeout = '600s'; \
set local plan_cache_mode = force_generic_plan; \
set local enable_seqscan = off; \
set local enable_hashjoin = off; \
set local enable_mergejoin = off; \
set local jit = off";

/// SQLite reads at most so many rows of each index for its statistics.
const SQLITE_ANALYSIS_LIMIT: &str = "pragma analysis_limit = 1000";

/// Prepares the transaction of an import.
///
/// # Errors
/// [`StoreError::Busy`] while another import runs: each looks at the whole set of policies and branches.
pub async fn prepare(connection: &impl ConnectionTrait) -> Result<(), StoreError> {
    if Engine::of(connection) == Engine::Sqlite {
        // The transaction is immediate: it keeps every other writer of the file out.
        connection.execute_unprepared(SQLITE_ANALYSIS_LIMIT).await?;
        return Ok(());
    }
    let lock = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "select pg_try_advisory_xact_lock($1)",
        [IMPORT_LOCK.into()],
    );
    let row = connection.query_one_raw(lock).await?.ok_or(StoreError::Busy)?;
    if !row.try_get_by_index::<bool>(0)? {
        return Err(StoreError::Busy);
    }
    connection.execute_unprepared(POSTGRES_SETTINGS).await?;
    Ok(())
}

/// A table whose statistics an import refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Titles.
    Titles,
    /// Items.
    Items,
    /// Patrons.
    Patrons,
    /// Cards.
    Cards,
    /// PINs.
    Pins,
    /// Self-service rights.
    Rights,
}

impl Table {
    const fn analyze(self) -> &'static str {
        match self {
            Self::Titles => "analyze titles",
            Self::Items => "analyze items",
            Self::Patrons => "analyze patrons",
            Self::Cards => "analyze cards",
            Self::Pins => "analyze pins",
            Self::Rights => "analyze self_service_rights",
        }
    }
}

/// Tells the planner what the import brought. Takes effect with the import's COMMIT.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn analyze(connection: &impl ConnectionTrait, tables: &[Table]) -> Result<(), StoreError> {
    for table in tables {
        connection.execute_unprepared(table.analyze()).await?;
    }
    Ok(())
}
