//! What can be imported, and what each kind must know how to do.

use super::{ImportError, fault::FaultList, layout::Layout, report::Counts, row::Row};
use crate::Surroundings;
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_vault::{HashCost, Keys};
use sea_orm::DatabaseTransaction;
use std::{fmt, future::Future, sync::Arc};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportKind {
    /// Branches, their opening hours and resources.
    Branches,
    /// Opening hours of single days.
    OpeningHours,
    /// Titles.
    Titles,
    /// Items.
    Items,
    /// Patrons, their cards, PINs and self-service rights.
    Patrons,
    /// Policies.
    Policies,
}

impl ImportKind {
    /// Every kind, in the order in which they are best imported: later ones refer to earlier ones.
    pub const ALL: [Self; 6] =
        [Self::Branches, Self::OpeningHours, Self::Policies, Self::Titles, Self::Items, Self::Patrons];

    /// The word on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Branches => "branches",
            Self::OpeningHours => "opening-hours",
            Self::Titles => "titles",
            Self::Items => "items",
            Self::Patrons => "patrons",
            Self::Policies => "policies",
        }
    }

    /// What the audit calls it.
    pub(crate) const fn action(self) -> &'static str {
        match self {
            Self::Branches => "import_branches",
            Self::OpeningHours => "import_opening_hours",
            Self::Titles => "import_titles",
            Self::Items => "import_items",
            Self::Patrons => "import_patrons",
            Self::Policies => "import_policies",
        }
    }

    /// The shapes that its files may have, where they are tables; none for JSON.
    #[must_use]
    pub fn layouts(self) -> &'static [Layout] {
        match self {
            Self::Branches => super::branches::LAYOUTS,
            Self::OpeningHours => &[],
            Self::Titles => super::titles::LAYOUTS,
            Self::Items => super::items::LAYOUTS,
            Self::Patrons => super::patrons::LAYOUTS,
            Self::Policies => super::policies::LAYOUTS,
        }
    }
}

impl fmt::Display for ImportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Called with the bytes read so far, after each batch; begins at 0 again when a transaction is tried again.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// What an import needs beside its file.
#[derive(Clone)]
pub struct ImportOptions {
    /// The register's keys, for PINs. Without them a file with a column `pin` is refused.
    pub keys: Option<Arc<Keys>>,
    /// What a hash of a PIN costs. Default [`HashCost::RECOMMENDED`].
    pub pin_cost: HashCost,
    /// Threads that hash PINs, at least 1. Default 1.
    pub pin_threads: usize,
    /// Whom to tell how far it is. Default nobody.
    pub progress: Progress,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self { keys: None, pin_cost: HashCost::RECOMMENDED, pin_threads: 1, progress: Arc::new(|_| {}) }
    }
}

/// What surrounds one try of an import.
pub(crate) struct Work<'t> {
    pub(crate) transaction: &'t DatabaseTransaction,
    pub(crate) surroundings: &'t Surroundings,
    pub(crate) options: &'t ImportOptions,
    pub(crate) at: DateTime<Utc>,
    pub(crate) today: NaiveDate,
}

/// A row with its line.
pub(crate) struct Placed<T> {
    pub(crate) line: u64,
    pub(crate) row: T,
}

/// Reads rows. Runs on a thread of its own and knows no database.
pub(crate) trait Parser: Send + 'static {
    /// What a row becomes.
    type Row: Send + 'static;

    /// The row, or none when it has faults.
    fn parse(&self, row: &mut Row<'_>) -> Option<Self::Row>;
}

/// Writes rows. One value lives as long as one try.
pub(crate) trait Kind: Sized + Send {
    /// Which kind.
    const KIND: ImportKind;
    /// Who reads its rows.
    type Parser: Parser;

    /// Loads what the whole file needs.
    fn start(work: &Work<'_>) -> impl Future<Output = Result<(Self, Self::Parser), ImportError>> + Send;

    /// Compares a batch with the register and writes what is new or differs, unless there are faults already
    /// or now: then it only looks for more of them.
    fn apply(
        &mut self,
        work: &Work<'_>,
        rows: Vec<Placed<<Self::Parser as Parser>::Row>>,
        faults: &mut FaultList,
    ) -> impl Future<Output = Result<Counts, ImportError>> + Send;

    /// Does what can only be done after the last row.
    fn finish(
        self,
        work: &Work<'_>,
        faults: &mut FaultList,
    ) -> impl Future<Output = Result<Counts, ImportError>> + Send;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imports::{MATERIALS, Need};

    const DOCUMENT: &str = include_str!("../../../../docs/import.md");

    #[test]
    fn every_column_and_material_is_documented() {
        for kind in ImportKind::ALL {
            assert!(DOCUMENT.contains(&format!("## {kind}\n")), "{kind}");
            let columns = kind.layouts().iter().flat_map(|layout| layout.columns);
            for column in columns.filter(|column| column.need != Need::Ignored) {
                let name = column.name;
                let forms = [format!("| {name}"), format!("| **{name}**"), format!(", {name}, *optional*")];
                assert!(forms.iter().any(|form| DOCUMENT.contains(form)), "{kind}: {name}");
            }
        }
        for material in MATERIALS {
            assert!(DOCUMENT.contains(&format!("`{material}`")), "{material}");
        }
    }
}
