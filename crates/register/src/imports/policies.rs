//! Policies: decided values, checked together with all that the register has already.

use super::{
    FaultList, ImportError, ImportKind, ImportReport, RowFault, Source,
    kind::{Kind, Parser, Placed, Work},
    layout::{Layout, columns},
    material,
    report::Counts,
    row::Row,
};
use crate::policies::{
    self, Outlook, PolicyLine,
    file::{self, ROWS_MAX},
    plan,
};
use kortisto_domain::{PatronCategory, places::codes::MUNICIPALITY_DIGITS};
use kortisto_store::queries::rulebook;
use tokio::task::spawn_blocking;

/// Who changes policies by an import, in their history.
const AUTHOR: &str = "operator";
/// Longest value, in characters.
const VALUE_CHARS_MAX: usize = 64;
/// Longest reference to a decision, in characters.
const DECISION_CHARS_MAX: usize = 500;

pub(super) const LAYOUTS: &[Layout] = &[Layout {
    mark: None,
    private: false,
    columns: columns! {
        Required: "key" "value" "valid_from" "decision";
        Optional: "municipality" "branch" "category" "material" "collection" "valid_until";
    },
}];

pub(crate) struct PolicyParser;

impl Parser for PolicyParser {
    type Row = PolicyLine;

    fn parse(&self, row: &mut Row<'_>) -> Option<PolicyLine> {
        let key = row.code("key");
        let value = row.text("value", VALUE_CHARS_MAX);
        let municipality = match row.raw("municipality") {
            Some("") => Some(None),
            _ => row.digits("municipality", MUNICIPALITY_DIGITS).map(Some),
        };
        let branch = match row.raw("branch") {
            Some("") => Some(None),
            _ => row.code("branch").map(Some),
        };
        let category = row.optional_word("category", PatronCategory::ALL, PatronCategory::word);
        let material = material::optional(row);
        let collection = match row.raw("collection") {
            Some("") => Some(None),
            _ => row.code("collection").map(Some),
        };
        let valid_from = row.date("valid_from");
        let valid_until = row.last_day("valid_until", valid_from);
        let decision = row.text("decision", DECISION_CHARS_MAX);
        let policy = PolicyLine {
            key: key?,
            value: value?,
            municipality: municipality?,
            branch: branch?,
            category: category?,
            material: material?,
            collection: collection?,
            valid_from: valid_from?,
            valid_until: valid_until?,
            decision: decision?,
        };
        row.first("key", &policy.natural(), "one row for each key, scope and first day")?;
        Some(policy)
    }
}

/// The file is collected whole: a set of policies is right or wrong as a whole. It has hundreds of rows.
pub(crate) struct Policies {
    rows: Vec<Placed<PolicyLine>>,
}

impl Kind for Policies {
    const KIND: ImportKind = ImportKind::Policies;
    type Parser = PolicyParser;

    async fn start(_: &Work<'_>) -> Result<(Self, PolicyParser), ImportError> {
        Ok((Self { rows: Vec::new() }, PolicyParser))
    }

    async fn apply(
        &mut self,
        _: &Work<'_>,
        rows: Vec<Placed<PolicyLine>>,
        faults: &mut FaultList,
    ) -> Result<Counts, ImportError> {
        for row in rows {
            if self.rows.len() == ROWS_MAX {
                faults.push(RowFault {
                    line: row.line,
                    column: "",
                    value: None,
                    reason: format!("more than {ROWS_MAX} policies"),
                    right: "a row for each value that was decided, and no more".to_owned(),
                });
                break;
            }
            self.rows.push(row);
        }
        Ok(Counts::default())
    }

    async fn finish(self, work: &Work<'_>, faults: &mut FaultList) -> Result<Counts, ImportError> {
        keep(work, &self.rows, faults).await
    }
}

/// Imports a policy file in TOML.
pub(super) async fn import_file(work: &Work<'_>, source: Source) -> Result<ImportReport, ImportError> {
    let name = source.name().to_owned();
    let text = spawn_blocking(move || policies::text(&source)).await.map_err(|_| ImportError::Internal)?;
    let text = text.map_err(|error| ImportError::Unreadable { name: name.clone(), kind: error.kind() })?;
    (work.options.progress)(text.len() as u64);
    let mut faults = FaultList::default();
    let rows = file::read(&text, &mut faults);
    let counts = keep(work, &rows, &mut faults).await?;
    if !faults.is_empty() {
        faults.sort();
        return Err(ImportError::Refused { name, faults });
    }
    let Counts { created, changed, unchanged, pins_set } = counts;
    let rows = rows.len() as u64;
    Ok(ImportReport { kind: ImportKind::Policies, rows, created, changed, unchanged, pins_set })
}

/// Writes the rows, unless there are faults already or now.
async fn keep(
    work: &Work<'_>,
    rows: &[Placed<PolicyLine>],
    faults: &mut FaultList,
) -> Result<Counts, ImportError> {
    rulebook::hold(work.transaction).await?;
    let plan = plan::make(work.transaction, rows, faults).await?;
    if !faults.is_empty() {
        return Ok(Counts::default());
    }
    let outlook = plan::write(work.transaction, plan, AUTHOR, work.at).await?;
    let Outlook { created, changed, unchanged } = outlook;
    Ok(Counts { created, changed, unchanged, pins_set: 0 })
}
