//! Policies as data: read from files, checked as the whole set that would stand, written with their history, and
//! tried out before they are written.
//!
//! | a change to ... | file |
//! |---|---|
//! | the form of policy files | `file.rs` |
//! | what is checked before policies are written, and what is kept of a change | `plan.rs` |
//! | who would gain or lose which right | `dry_run/` |

pub mod dry_run;
pub(crate) mod file;
pub(crate) mod plan;

use crate::{
    Surroundings,
    imports::{FaultList, ImportError, Source},
};
use kortisto_domain::PatronCategory;
use kortisto_store::Store;
use serde::{Deserialize, Serialize};
use std::io::{self, Read as _};

/// Longest policy file, in bytes: a consortium decides some hundreds of values.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// One value as a file gives it.
#[derive(Debug, Clone)]
pub(crate) struct PolicyLine {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) municipality: Option<String>,
    /// The code of the branch.
    pub(crate) branch: Option<String>,
    pub(crate) category: Option<PatronCategory>,
    pub(crate) material: Option<&'static str>,
    pub(crate) collection: Option<String>,
    pub(crate) valid_from: chrono::NaiveDate,
    pub(crate) valid_until: Option<chrono::NaiveDate>,
    pub(crate) decision: String,
}

impl PolicyLine {
    /// What tells a row from every other one.
    pub(crate) fn natural(&self) -> String {
        let Self { key, municipality, branch, category, material, collection, valid_from, .. } = self;
        format!("{:?}", (key, municipality, branch, category, material, collection, valid_from))
    }
}

/// The text of a policy file.
///
/// # Errors
/// When it cannot be read, is longer than [`FILE_BYTES_MAX`], or is no UTF-8.
pub fn text(source: &Source) -> io::Result<String> {
    if source.bytes() > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    let mut text = String::new();
    source.reader().read_to_string(&mut text)?;
    Ok(text)
}

/// What would become of the register's policies if a file were imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// Rows that would be new.
    pub created: u64,
    /// Rows that would be changed.
    pub changed: u64,
    /// Rows that are there already.
    pub unchanged: u64,
}

/// Checks a policy file against the register. Writes nothing.
///
/// # Errors
/// [`ImportError::Refused`] with every fault, or what else hindered it.
pub async fn check(store: &Store, source: Source) -> Result<Outlook, ImportError> {
    let (name, text) = open(source).await?;
    let mut faults = FaultList::default();
    let plan = plan::of_text(store.readers(), &text, &mut faults).await?;
    if !faults.is_empty() {
        faults.sort();
        return Err(ImportError::Refused { name, faults });
    }
    Ok(plan.outlook())
}

/// Says who would gain or lose which right tomorrow if a policy file were imported. Writes nothing; reads every
/// patron, in batches.
///
/// # Errors
/// As [`check`].
pub async fn dry_run(
    store: &Store,
    surroundings: &Surroundings,
    source: Source,
) -> Result<dry_run::Effects, ImportError> {
    let (name, text) = open(source).await?;
    let mut faults = FaultList::default();
    let plan = plan::of_text(store.readers(), &text, &mut faults).await?;
    if !faults.is_empty() {
        faults.sort();
        return Err(ImportError::Refused { name, faults });
    }
    let rulebook = crate::Rulebook::load(store.readers(), surroundings).await?;
    let trial = dry_run::Trial::new(&rulebook, plan.set, &surroundings.moment())?;
    let mut effects = dry_run::Effects::default();
    let mut after = 0;
    while let Some(last) = trial.batch(store, &rulebook, after, &mut effects).await? {
        after = last;
    }
    Ok(effects)
}

async fn open(source: Source) -> Result<(String, String), ImportError> {
    let name = source.name().to_owned();
    let read = tokio::task::spawn_blocking(move || text(&source)).await.map_err(|_| ImportError::Internal)?;
    match read {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(ImportError::Unreadable { name, kind: error.kind() }),
    }
}
