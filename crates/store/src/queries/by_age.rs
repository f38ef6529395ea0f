//! Rows that are of no use after some time, deleted oldest first and a few at a time.

use crate::{Engine, StoreError};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, Statement};

/// A table whose rows are deleted by their age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aged {
    table: &'static str,
    column: &'static str,
}

/// Answers kept for replay.
pub const REMEMBERED_ANSWERS: Aged = Aged { table: "remembered_answers", column: "at" };

/// Tries of a PIN.
pub const PIN_ATTEMPTS: Aged = Aged { table: "pin_attempts", column: "at" };

/// Sessions of patrons, from their end on.
pub const PATRON_SESSIONS: Aged = Aged { table: "patron_sessions", column: "expires_at" };

/// Sessions of staff, from their end on.
pub const STAFF_SESSIONS: Aged = Aged { table: "staff_sessions", column: "expires_at" };

/// One-time codes of devices, from their end on.
pub const ENROLMENT_CODES: Aged = Aged { table: "enrolment_codes", column: "expires_at" };

/// Runs of jobs.
pub const JOB_RUNS: Aged = Aged { table: "job_runs", column: "ended_at" };

impl Aged {
    /// The table.
    #[must_use]
    pub const fn table(self) -> &'static str {
        self.table
    }

    /// How many rows are older than this.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count(
        self,
        connection: &impl ConnectionTrait,
        before: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let Self { table, column } = self;
        let sql = format!("select count(*) from {table} where {column} < $1");
        let backend = Engine::of(connection).backend();
        let statement = Statement::from_sql_and_values(backend, sql, [before.into()]);
        let count: i64 = match connection.query_one_raw(statement).await? {
            Some(row) => row.try_get_by_index(0)?,
            None => 0,
        };
        Ok(count.unsigned_abs())
    }

    /// Deletes `rows` of those that are older than this, or all where there are no more; gives how many it deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete(
        self,
        connection: &impl ConnectionTrait,
        before: DateTime<Utc>,
        rows: u64,
    ) -> Result<u64, StoreError> {
        let engine = Engine::of(connection);
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let statement =
            Statement::from_sql_and_values(engine.backend(), self.sql(engine), [before.into(), rows.into()]);
        Ok(connection.execute_raw(statement).await?.rows_affected())
    }

    fn sql(self, engine: Engine) -> String {
        let Self { table, column } = self;
        match engine {
            Engine::Postgres => format!(
                "delete from {table} where ctid = any (array(select ctid from {table} where {column} < $1 limit $2))"
            ),
            // Rows stand in the order in which they came, so the old ones are the first.
            Engine::Sqlite => format!(
                "delete from {table} where rowid in (select rowid from \
                 (select rowid, {column} as age from {table} order by rowid limit $2) where age < $1)"
            ),
        }
    }
}
