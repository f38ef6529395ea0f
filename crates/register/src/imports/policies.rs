//! Policies: decided values, checked together with all that the register has already.

use super::{
    FaultList, ImportError, ImportKind, RowFault,
    branches::MUNICIPALITY_DIGITS,
    items::unknown,
    kind::{Kind, Parser, Placed, Work},
    layout::{Layout, columns},
    material,
    report::Counts,
    row::Row,
};
use crate::rulebook::policy_row;
use chrono::NaiveDate;
use kortisto_domain::{
    PatronCategory,
    policy::{PolicyRow, PolicySet, Scope},
};
use kortisto_store::{
    StoreError,
    entities::policies,
    queries::{bulk::branches::keys_by_code, rulebook},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use std::collections::HashMap;

/// Most rows of a file: a consortium decides some hundreds of values.
const POLICY_ROWS_MAX: usize = 10_000;
/// Longest value, in characters.
const VALUE_CHARS_MAX: usize = 64;
/// Longest reference to a decision, in characters.
const DECISION_CHARS_MAX: usize = 500;

pub(super) const LAYOUTS: &[Layout] = &[Layout {
    mark: None,
    private: false,
    columns: columns! {
        Required: "key" "value" "valid_from" "decision";
        Optional: "municipality" "branch" "category" "material" "valid_until";
    },
}];

pub(crate) struct PolicyParser;

pub(crate) struct ParsedPolicy {
    key: String,
    value: String,
    municipality: Option<String>,
    branch: Option<String>,
    category: Option<PatronCategory>,
    material: Option<&'static str>,
    valid_from: NaiveDate,
    valid_until: Option<NaiveDate>,
    decision: String,
}

impl Parser for PolicyParser {
    type Row = ParsedPolicy;

    fn parse(&self, row: &mut Row<'_>) -> Option<ParsedPolicy> {
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
        let valid_from = row.date("valid_from");
        let valid_until = row.last_day("valid_until", valid_from);
        let decision = row.text("decision", DECISION_CHARS_MAX);
        let policy = ParsedPolicy {
            key: key?,
            value: value?,
            municipality: municipality?,
            branch: branch?,
            category: category?,
            material: material?,
            valid_from: valid_from?,
            valid_until: valid_until?,
            decision: decision?,
        };
        row.first("key", &policy.natural(), "one row for each key, scope and first day")?;
        Some(policy)
    }
}

impl ParsedPolicy {
    /// What tells a row from every other one.
    fn natural(&self) -> String {
        format!(
            "{:?}",
            (&self.key, &self.municipality, &self.branch, self.category, self.material, self.valid_from)
        )
    }

    fn row(&self, branch: Option<i64>) -> PolicyRow {
        PolicyRow {
            key: self.key.clone(),
            value: self.value.clone(),
            scope: Scope {
                municipality: self.municipality.clone(),
                branch,
                category: self.category,
                material: self.material.map(str::to_owned),
            },
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        }
    }
}

type Natural = (String, Scope, NaiveDate);

fn natural(row: &PolicyRow) -> Natural {
    (row.key.clone(), row.scope.clone(), row.valid_from)
}

/// The file is collected whole: a set of policies is right or wrong as a whole. It has hundreds of rows.
pub(crate) struct Policies {
    branches: HashMap<String, i64>,
    rows: Vec<Placed<(ParsedPolicy, Option<i64>)>>,
}

impl Kind for Policies {
    const KIND: ImportKind = ImportKind::Policies;
    type Parser = PolicyParser;

    async fn start(work: &Work<'_>) -> Result<(Self, PolicyParser), ImportError> {
        Ok((Self { branches: keys_by_code(work.transaction).await?, rows: Vec::new() }, PolicyParser))
    }

    async fn apply(
        &mut self,
        _: &Work<'_>,
        rows: Vec<Placed<ParsedPolicy>>,
        faults: &mut FaultList,
    ) -> Result<Counts, ImportError> {
        for Placed { line, row } in rows {
            if self.rows.len() == POLICY_ROWS_MAX {
                faults.push(RowFault {
                    line,
                    column: "",
                    value: None,
                    reason: format!("more than {POLICY_ROWS_MAX} policies"),
                    right: "a row for each value that was decided, and no more".to_owned(),
                });
                break;
            }
            let branch = row.branch.as_ref().map(|code| self.branches.get(code).copied());
            match branch {
                Some(None) => {
                    faults.push(unknown(
                        line,
                        "branch",
                        row.branch.as_deref().unwrap_or_default(),
                        "a branch",
                    ));
                }
                Some(Some(id)) => self.rows.push(Placed { line, row: (row, Some(id)) }),
                None => self.rows.push(Placed { line, row: (row, None) }),
            }
        }
        Ok(Counts::default())
    }

    async fn finish(self, work: &Work<'_>, faults: &mut FaultList) -> Result<Counts, ImportError> {
        let there = policies::Entity::find().all(work.transaction).await.map_err(StoreError::from)?;
        let mut there: HashMap<Natural, policies::Model> = there
            .into_iter()
            .map(|model| Ok((natural(&policy_row(model.clone())?), model)))
            .collect::<Result<_, StoreError>>()?;
        let mut counts = Counts::default();
        let mut writes: Vec<(policies::ActiveModel, _, _)> = Vec::new();
        let (mut set, mut lines) = (Vec::new(), Vec::new());
        for Placed { line, row: (parsed, branch) } in &self.rows {
            let row = parsed.row(*branch);
            match there.remove(&natural(&row)) {
                None => {
                    counts.created += 1;
                    writes.push((Default::default(), parsed, *branch));
                }
                Some(model) if is_as(&model, parsed) => counts.unchanged += 1,
                Some(model) => {
                    counts.changed += 1;
                    writes.push((model.into_active_model(), parsed, *branch));
                }
            }
            set.push(row);
            lines.push(*line);
        }
        for model in there.into_values() {
            set.push(policy_row(model)?);
        }
        check(set, &lines, faults);
        if faults.is_empty() && !writes.is_empty() {
            for (model, parsed, branch) in writes {
                write(work, model, parsed, branch).await?;
            }
            rulebook::touch(work.transaction).await?;
        }
        Ok(counts)
    }
}

/// Checks the whole set that would stand after the import.
fn check(set: Vec<PolicyRow>, lines: &[u64], faults: &mut FaultList) {
    let values: Vec<String> = set.iter().map(|row| row.value.clone()).collect();
    for fault in PolicySet::new(set).err().unwrap_or_default() {
        let value = if fault.field == "value" { &values[fault.row] } else { &fault.key };
        faults.push(RowFault {
            line: lines.get(fault.row).copied().unwrap_or(0),
            column: fault.field,
            value: Some(RowFault::shown(value)),
            reason: format!("{} ({})", fault.rule, fault.key),
            right: fault.right,
        });
    }
}

fn is_as(there: &policies::Model, parsed: &ParsedPolicy) -> bool {
    there.value == parsed.value
        && there.valid_until == parsed.valid_until
        && there.decision == parsed.decision
}

async fn write(
    work: &Work<'_>,
    mut model: policies::ActiveModel,
    parsed: &ParsedPolicy,
    branch: Option<i64>,
) -> Result<(), StoreError> {
    let is_new = model.id.is_not_set();
    model.key = Set(parsed.key.clone());
    model.value = Set(parsed.value.clone());
    model.municipality = Set(parsed.municipality.clone());
    model.branch_id = Set(branch);
    model.category = Set(parsed.category.map(PatronCategory::code));
    model.material = Set(parsed.material.map(str::to_owned));
    model.valid_from = Set(parsed.valid_from);
    model.valid_until = Set(parsed.valid_until);
    model.decision = Set(parsed.decision.clone());
    if is_new {
        model.insert(work.transaction).await?;
    } else {
        model.update(work.transaction).await?;
    }
    Ok(())
}
