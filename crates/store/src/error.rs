//! What the database said, reduced to what the register can act on.
//!
//! Drivers put row values into their texts (PostgreSQL's DETAIL line names the offending key, a failed cast quotes
//! its input). So nothing of a driver's text is kept: only its code, and the names of constraints.

use std::borrow::Cow;

use sea_orm::{
    ConnAcquireErr, DbErr, RuntimeErr, SqlxError, SqlxPostgresError, SqlxSqliteError, TryGetError,
    sqlx::error::DatabaseError,
};

/// Why the store could not do what was asked. Its texts carry names and codes, never a value of a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is shutting down, or is a standby. Nothing was committed by this call.
    #[error("the database is not available")]
    Unavailable,
    /// The connection was lost while COMMIT was under way: it may or may not have happened.
    /// Ask again with the same request id.
    #[error("the connection was lost during COMMIT; the outcome is unknown")]
    OutcomeUnknown,
    /// A lock was not to be had in time (PostgreSQL 55P03, SQLITE_BUSY). Nothing was committed.
    #[error("a lock was not to be had in time")]
    Busy,
    /// Another transaction came first (PostgreSQL 40001 or 40P01). Nothing was committed.
    #[error("another transaction came first")]
    Conflict,
    /// A unique or primary key already holds the value.
    #[error("a unique key is taken ({})", named(constraint.as_deref()))]
    Unique {
        /// PostgreSQL: the constraint's name. SQLite: the columns, as `table.column, table.column`.
        constraint: Option<String>,
    },
    /// A row that is referred to does not exist, or one that is still referred to was to go.
    #[error("a foreign key is broken ({})", named(constraint.as_deref()))]
    ForeignKey {
        /// PostgreSQL: the constraint's name. SQLite names none.
        constraint: Option<String>,
    },
    /// A CHECK, NOT NULL or exclusion constraint refused a row.
    #[error("a check refused the row ({})", named(constraint.as_deref()))]
    Check {
        /// PostgreSQL: the constraint's name, or the column for NOT NULL. SQLite: what its text names.
        constraint: Option<String>,
    },
    /// A stored value is not one this program can have written.
    #[error("{table}.{column} holds a value this program cannot have written")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The deadline of the call or the limit of a statement passed. Unless the call only read, its outcome is
    /// unknown: ask again with the same request id.
    #[error("the deadline passed")]
    DeadlinePassed,
    /// A table or column is missing: the schema is older or newer than this program.
    #[error("the schema does not fit this program; run `kortisto migrate`")]
    SchemaStale,
    /// Another server has this SQLite file open.
    #[error(
        "another server has {path} open; SQLite allows one server per file: stop the other one, or move to PostgreSQL"
    )]
    Locked {
        /// The database file.
        path: String,
    },
    /// Anything else, by code. A fault of this program or of its installation.
    #[error("database fault: {what}")]
    Other {
        /// For example `SQLSTATE 22P02`, `SQLite 11`, `the work panicked`.
        what: Cow<'static, str>,
    },
}

/// Whether the same work, begun again at once, may succeed and cannot be done twice.
pub trait Retryable {
    /// `true` when nothing was committed and a new try may go through.
    fn retryable(&self) -> bool;
}

impl Retryable for StoreError {
    /// An operation that looks for its remembered answer first may also retry
    /// [`OutcomeUnknown`](StoreError::OutcomeUnknown); that is for its own error type to say.
    fn retryable(&self) -> bool {
        match self {
            Self::Unavailable | Self::Busy | Self::Conflict => true,
            Self::OutcomeUnknown
            | Self::Unique { .. }
            | Self::ForeignKey { .. }
            | Self::Check { .. }
            | Self::Inconsistent { .. }
            | Self::DeadlinePassed
            | Self::SchemaStale
            | Self::Locked { .. }
            | Self::Other { .. } => false,
        }
    }
}

impl StoreError {
    /// The work panicked. The panic's own text is not kept: it may hold values.
    pub(crate) const PANICKED: Self = Self::Other { what: Cow::Borrowed("the work panicked") };

    pub(crate) fn other(what: impl Into<Cow<'static, str>>) -> Self {
        Self::Other { what: what.into() }
    }

    /// The same error met while COMMIT was under way, when a lost connection leaves the outcome open.
    pub(crate) fn during_commit(self) -> Self {
        match self {
            Self::Unavailable => Self::OutcomeUnknown,
            other => other,
        }
    }
}

fn named(constraint: Option<&str>) -> &str {
    constraint.unwrap_or("unnamed")
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed) => {
                Self::Unavailable
            }
            DbErr::Conn(RuntimeErr::SqlxError(error))
            | DbErr::Exec(RuntimeErr::SqlxError(error))
            | DbErr::Query(RuntimeErr::SqlxError(error)) => Self::from(&*error),
            DbErr::RecordNotFound(_) => Self::other("a row was not found"),
            DbErr::RecordNotInserted => Self::other("no row was inserted"),
            DbErr::RecordNotUpdated => Self::other("no row was updated"),
            DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. } => {
                Self::other("a value could not be converted")
            }
            DbErr::Migration(_) => Self::other("a migration failed"),
            _ => Self::other("sea-orm refused the call"),
        }
    }
}

impl From<TryGetError> for StoreError {
    fn from(error: TryGetError) -> Self {
        match error {
            TryGetError::DbErr(error) => Self::from(error),
            TryGetError::Null(column) => Self::other(format!("column {column} is NULL")),
        }
    }
}

impl From<&SqlxError> for StoreError {
    fn from(error: &SqlxError) -> Self {
        match error {
            SqlxError::Database(error) => from_database(&**error),
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::PoolClosed
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed => Self::Unavailable,
            SqlxError::ColumnDecode { index, .. } => {
                Self::other(format!("column {index} could not be decoded"))
            }
            SqlxError::ColumnNotFound(name) => Self::other(format!("column {name} is not in the answer")),
            SqlxError::TypeNotFound { .. } => Self::SchemaStale,
            SqlxError::Configuration(_) => Self::other("the database URL is not usable"),
            SqlxError::Encode(_) | SqlxError::Decode(_) => Self::other("a value could not be converted"),
            _ => Self::other("the driver refused the call"),
        }
    }
}

fn from_database(error: &(dyn DatabaseError + 'static)) -> StoreError {
    if let Some(error) = error.try_downcast_ref::<SqlxPostgresError>() {
        return from_sqlstate(error.code(), error.constraint().or_else(|| error.column()));
    }
    if error.try_downcast_ref::<SqlxSqliteError>().is_some() {
        let code = error.code().and_then(|code| code.parse().ok()).unwrap_or(SQLITE_ERROR);
        return from_sqlite(code, error.message());
    }
    StoreError::other("an unknown engine answered")
}

/// PostgreSQL 15 documentation, Appendix A: the first two characters are the class.
fn from_sqlstate(code: &str, object: Option<&str>) -> StoreError {
    let constraint = object.map(str::to_owned);
    match code {
        "40001" | "40P01" => StoreError::Conflict,
        "55P03" => StoreError::Busy,
        "23505" => StoreError::Unique { constraint },
        "23503" | "23001" => StoreError::ForeignKey { constraint },
        "23502" | "23514" | "23P01" => StoreError::Check { constraint },
        // A standby, or a primary that was one a moment ago: another server of the cluster takes writes.
        "25006" => StoreError::Unavailable,
        // Our session was ended for idling in a transaction, or the server or its host is going away.
        "25P03" | "57P01" | "57P02" | "57P03" | "57P05" => StoreError::Unavailable,
        "57014" => StoreError::DeadlinePassed,
        "42P01" | "42703" | "42883" | "42704" => StoreError::SchemaStale,
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("58") => {
            StoreError::Unavailable
        }
        _ => StoreError::other(format!("SQLSTATE {code}")),
    }
}

const SQLITE_ERROR: u32 = 1;
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
const SQLITE_INTERRUPT: u32 = 9;
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;
const SQLITE_CONSTRAINT: u32 = 19;
const SQLITE_CONSTRAINT_FOREIGNKEY: u32 = 787;
const SQLITE_CONSTRAINT_PRIMARYKEY: u32 = 1555;
const SQLITE_CONSTRAINT_UNIQUE: u32 = 2067;
const SQLITE_CONSTRAINT_ROWID: u32 = 2579;

/// sqlite.org/rescode.html: the low byte is the primary code, the whole number the extended one.
fn from_sqlite(code: u32, message: &str) -> StoreError {
    // "UNIQUE constraint failed: table.column": SQLite names columns there, never values.
    let constraint = message.split_once("failed: ").map(|(_, names)| names.to_owned());
    match (code & 0xff, code) {
        (SQLITE_BUSY | SQLITE_LOCKED, _) => StoreError::Busy,
        (_, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID) => {
            StoreError::Unique { constraint }
        }
        (_, SQLITE_CONSTRAINT_FOREIGNKEY) => StoreError::ForeignKey { constraint: None },
        (SQLITE_CONSTRAINT, _) => StoreError::Check { constraint },
        (SQLITE_INTERRUPT, _) => StoreError::DeadlinePassed,
        (SQLITE_IOERR | SQLITE_FULL | SQLITE_CANTOPEN, _) => StoreError::Unavailable,
        // The one code for every fault of a statement; only its text tells a stale schema from a bad statement.
        (SQLITE_ERROR, _) if message.contains("no such table") || message.contains("no such column") => {
            StoreError::SchemaStale
        }
        _ => StoreError::other(format!("SQLite {code}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unique(name: &str) -> StoreError {
        StoreError::Unique { constraint: Some(name.to_owned()) }
    }

    #[test]
    fn a_sqlstate_becomes_what_can_be_acted_on() {
        let rows = [
            ("40001", None, StoreError::Conflict),
            ("40P01", None, StoreError::Conflict),
            ("55P03", None, StoreError::Busy),
            ("23505", Some("open_loan_pkey"), unique("open_loan_pkey")),
            ("23503", None, StoreError::ForeignKey { constraint: None }),
            ("23502", Some("due"), StoreError::Check { constraint: Some("due".into()) }),
            ("25006", None, StoreError::Unavailable),
            ("25P03", None, StoreError::Unavailable),
            ("57P01", None, StoreError::Unavailable),
            ("08006", None, StoreError::Unavailable),
            ("53300", None, StoreError::Unavailable),
            ("57014", None, StoreError::DeadlinePassed),
            ("42P01", None, StoreError::SchemaStale),
            ("42703", None, StoreError::SchemaStale),
            ("22P02", None, StoreError::other("SQLSTATE 22P02")),
        ];
        for (code, object, expected) in rows {
            assert_eq!(from_sqlstate(code, object), expected, "{code}");
        }
    }

    #[test]
    fn an_sqlite_code_becomes_what_can_be_acted_on() {
        let rows = [
            (5, "database is locked", StoreError::Busy),
            (517, "database is locked", StoreError::Busy),
            (6, "database table is locked", StoreError::Busy),
            (1555, "UNIQUE constraint failed: open_loan.item_id", unique("open_loan.item_id")),
            (2067, "UNIQUE constraint failed: card.number", unique("card.number")),
            (787, "FOREIGN KEY constraint failed", StoreError::ForeignKey { constraint: None }),
            (275, "CHECK constraint failed: kind", StoreError::Check { constraint: Some("kind".into()) }),
            (1299, "NOT NULL constraint failed: a.b", StoreError::Check { constraint: Some("a.b".into()) }),
            (13, "database or disk is full", StoreError::Unavailable),
            (1, "no such table: loan", StoreError::SchemaStale),
            (1, "near \"selct\": syntax error", StoreError::other("SQLite 1")),
            (11, "database disk image is malformed", StoreError::other("SQLite 11")),
        ];
        for (code, message, expected) in rows {
            assert_eq!(from_sqlite(code, message), expected, "{code} {message}");
        }
    }

    #[test]
    fn texts_of_drivers_are_not_kept() {
        let canary = "010190-123X";
        let errors = [
            StoreError::from(DbErr::Type(format!("cannot read {canary}"))),
            StoreError::from(DbErr::Custom(canary.to_owned())),
            StoreError::from(DbErr::RecordNotFound(canary.to_owned())),
            from_sqlite(1, &format!("near \"{canary}\": syntax error")),
            StoreError::from(&SqlxError::Protocol(canary.to_owned())),
        ];
        for error in errors {
            assert!(!format!("{error} {error:?}").contains(canary), "{error:?}");
        }
    }

    #[test]
    fn only_a_lost_connection_makes_a_commit_uncertain() {
        assert_eq!(StoreError::Unavailable.during_commit(), StoreError::OutcomeUnknown);
        assert_eq!(StoreError::Conflict.during_commit(), StoreError::Conflict);
        assert!(StoreError::Unavailable.retryable());
        assert!(!StoreError::OutcomeUnknown.retryable());
    }
}
