//! How an import ended.

use super::{FaultList, ImportKind};
use kortisto_store::{Retryable, StoreError};
use std::{fmt, io};

/// What was done with rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) created: u64,
    pub(crate) changed: u64,
    pub(crate) unchanged: u64,
    pub(crate) pins_set: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.created += other.created;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.pins_set += other.pins_set;
    }
}

/// What a file brought. All of it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportReport {
    /// What was imported.
    pub kind: ImportKind,
    /// Rows of the file.
    pub rows: u64,
    /// Rows that were new.
    pub created: u64,
    /// Rows that were there and differed.
    pub changed: u64,
    /// Rows that were there as the file has them.
    pub unchanged: u64,
    /// Cards that had no PIN and have one now.
    pub pins_set: u64,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, rows, created, changed, unchanged, pins_set } = self;
        write!(f, "{kind}: {rows} rows: {created} created, {changed} changed, {unchanged} unchanged")?;
        if *pins_set > 0 {
            write!(f, "; {pins_set} PINs set")?;
        }
        Ok(())
    }
}

/// Why nothing was imported. Nothing was written, except where the text says that it is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Rows are wrong.
    #[error("{faults}{} in {name}: nothing was imported", counted(faults.total()))]
    Refused {
        /// What the file is called.
        name: String,
        /// Every fault.
        faults: FaultList,
    },
    /// The file cannot be read.
    #[error("{name} cannot be read: {kind}")]
    Unreadable {
        /// What the file is called.
        name: String,
        /// Why.
        kind: io::ErrorKind,
    },
    /// The file has PINs, and the register's keys are not at hand.
    #[error(
        "the file has a column `pin`, which needs the keys of the register: configure them, or leave it out"
    )]
    KeysMissing,
    /// The vault did not hash a PIN.
    #[error("a PIN could not be hashed; nothing was imported")]
    Vault,
    /// The reader of the file ended in a fault of the program.
    #[error("a fault of the import itself; nothing was imported")]
    Internal,
    /// Another import runs, or something keeps the rows locked.
    #[error("another import runs, or rows are locked; nothing was imported, try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

fn counted(faults: u64) -> String {
    if faults == 1 { "1 fault".to_owned() } else { format!("{faults} faults") }
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::Busy,
            error => Self::Store(error),
        }
    }
}

impl Retryable for ImportError {
    fn retryable(&self) -> bool {
        match self {
            // The same rows once more are not a second import. And what is named by something that came meanwhile is a
            // fault of its row then.
            Self::Store(StoreError::OutcomeUnknown | StoreError::ForeignKey { .. }) | Self::Busy => true,
            Self::Store(error) => error.retryable(),
            _ => false,
        }
    }
}
