//! Why a cluster could not be had, in words that say what to do.

use sea_orm::DbErr;
use std::{io, path::PathBuf};

/// Why the tests' PostgreSQL did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server binaries on this machine.
    #[error(
        "no PostgreSQL server found in /usr/lib/postgresql/*/bin or on PATH; `cargo xtask test` installs it, \
         or run `apt-get install postgresql`"
    )]
    BinariesMissing,
    /// We are root, under which PostgreSQL refuses to run, and there is nobody to run it as.
    #[error(
        "PostgreSQL does not run as root and there is no user `postgres`; add one, or run as another user"
    )]
    AccountMissing,
    /// A program of PostgreSQL failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Its path.
        program: PathBuf,
        /// The end of what it printed.
        output: String,
    },
    /// The server ended, or did not come up in time.
    #[error("PostgreSQL did not {what}; the end of its log:\n{log}")]
    Server {
        /// What it was asked to do.
        what: &'static str,
        /// The last lines of its log.
        log: String,
    },
    /// The watchdog could not be started. Without one, servers would be left behind.
    #[error("the watchdog of the cluster did not start: {0}")]
    Watchdog(String),
    /// A name that cannot be a database's as it stands.
    #[error("`{0}` is no name for a template: 1 to 48 of a-z, 0-9 and _, with a letter first")]
    TemplateName(String),
    /// What the test had to say about its own migration.
    #[error("the migration of the template failed: {0}")]
    Migration(String),
    /// A statement failed.
    #[error(transparent)]
    Statement(#[from] DbErr),
    /// A file or process operation failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
