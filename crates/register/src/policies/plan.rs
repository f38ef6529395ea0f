//! What would become of the register's policies: checked as a whole before anything is written.

use super::{Outlook, PolicyLine, file};
use crate::{
    imports::{FaultList, RowFault, kind::Placed},
    rulebook::policy_row,
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    PatronCategory,
    policy::{PolicyRow, PolicySet, Scope},
};
use kortisto_store::{
    StoreError,
    entities::{policies, policy_changes},
    queries::{bulk::branches::keys_by_code, rulebook},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ConnectionTrait, EntityTrait as _, IntoActiveModel as _,
};
use std::collections::HashMap;

type Natural = (String, Scope, NaiveDate);

fn natural(row: &PolicyRow) -> Natural {
    (row.key.clone(), row.scope.clone(), row.valid_from)
}

/// A row to be written.
struct Write {
    /// The row that it changes.
    there: Option<policies::Model>,
    row: PolicyRow,
    decision: String,
}

/// A value that would be written.
pub(crate) struct ValueChange<'p> {
    pub(crate) key: &'p str,
    pub(crate) old: Option<&'p str>,
    pub(crate) new: &'p str,
}

/// What would become of the policies.
pub(crate) struct Plan {
    writes: Vec<Write>,
    unchanged: u64,
    /// Every row that would stand.
    pub(crate) set: Vec<PolicyRow>,
}

impl Plan {
    /// The values that would be written.
    pub(crate) fn changes(&self) -> impl Iterator<Item = ValueChange<'_>> {
        self.writes.iter().map(|write| ValueChange {
            key: &write.row.key,
            old: write.there.as_ref().map(|model| model.value.as_str()),
            new: &write.row.value,
        })
    }

    /// How many rows would be new, changed or as they are.
    pub(crate) fn outlook(&self) -> Outlook {
        let created = self.writes.iter().filter(|write| write.there.is_none()).count() as u64;
        Outlook { created, changed: self.writes.len() as u64 - created, unchanged: self.unchanged }
    }
}

/// The plan of a policy file.
///
/// # Errors
/// [`StoreError`]; what is wrong with the file goes to `faults`.
pub(crate) async fn of_text(
    connection: &impl ConnectionTrait,
    text: &str,
    faults: &mut FaultList,
) -> Result<Plan, StoreError> {
    let lines = file::read(text, faults);
    make(connection, &lines, faults).await
}

/// The plan of these lines.
///
/// # Errors
/// [`StoreError`]; what is wrong with the lines, or with the set that would stand, goes to `faults`.
pub(crate) async fn make(
    connection: &impl ConnectionTrait,
    lines: &[Placed<PolicyLine>],
    faults: &mut FaultList,
) -> Result<Plan, StoreError> {
    let branches = keys_by_code(connection).await?;
    let there = policies::Entity::find().all(connection).await?;
    let mut there: HashMap<Natural, policies::Model> = there
        .into_iter()
        .map(|model| Ok((natural(&policy_row(model.clone())?), model)))
        .collect::<Result<_, StoreError>>()?;
    let mut plan = Plan { writes: Vec::new(), unchanged: 0, set: Vec::new() };
    let mut places = Vec::with_capacity(lines.len());
    for Placed { line, row } in lines {
        let branch = match &row.branch {
            None => None,
            Some(code) => match branches.get(code) {
                Some(id) => Some(*id),
                None => {
                    faults.push(RowFault {
                        line: *line,
                        column: "branch",
                        value: Some(RowFault::shown(code)),
                        reason: format!("not in the register ({})", row.key),
                        right: "a branch that has been imported".to_owned(),
                    });
                    continue;
                }
            },
        };
        let decided = decided(row, branch);
        let model = there.remove(&natural(&decided));
        if model.as_ref().is_some_and(|model| is_as(model, row)) {
            plan.unchanged += 1;
        } else {
            let decision = row.decision.clone();
            plan.writes.push(Write { there: model, row: decided.clone(), decision });
        }
        plan.set.push(decided);
        places.push(*line);
    }
    for model in there.into_values() {
        plan.set.push(policy_row(model)?);
    }
    check(&plan.set, &places, faults);
    Ok(plan)
}

/// Checks the whole set that would stand.
fn check(set: &[PolicyRow], lines: &[u64], faults: &mut FaultList) {
    for fault in PolicySet::new(set.to_vec()).err().unwrap_or_default() {
        let value = if fault.field == "value" { &set[fault.row].value } else { &fault.key };
        faults.push(RowFault {
            line: lines.get(fault.row).copied().unwrap_or(0),
            column: fault.field,
            value: Some(RowFault::shown(value)),
            reason: format!("{} ({})", fault.rule, fault.key),
            right: fault.right,
        });
    }
}

fn decided(line: &PolicyLine, branch: Option<i64>) -> PolicyRow {
    PolicyRow {
        key: line.key.clone(),
        value: line.value.clone(),
        scope: Scope {
            municipality: line.municipality.clone(),
            branch,
            category: line.category,
            material: line.material.map(str::to_owned),
            collection: line.collection.clone(),
        },
        valid_from: line.valid_from,
        valid_until: line.valid_until,
        decision: line.decision.clone(),
    }
}

fn is_as(there: &policies::Model, line: &PolicyLine) -> bool {
    there.value == line.value && there.valid_until == line.valid_until && there.decision == line.decision
}

/// Writes a plan whose making found no fault, and what it changes. Nothing is written, and the rulebook stays at its
/// version, where everything is there already.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn write(
    connection: &impl ConnectionTrait,
    plan: Plan,
    author: &str,
    at: DateTime<Utc>,
) -> Result<Outlook, StoreError> {
    let outlook = plan.outlook();
    if plan.writes.is_empty() {
        return Ok(outlook);
    }
    rulebook::touch(connection).await?;
    let version = rulebook::version(connection).await?;
    for Write { there, row, decision } in plan.writes {
        let PolicyRow { key, value, scope, valid_from, valid_until, .. } = row;
        policy_changes::ActiveModel {
            rulebook_version: Set(version),
            changed_at: Set(at),
            changed_by: Set(author.to_owned()),
            key: Set(key.clone()),
            municipality: Set(scope.municipality.clone()),
            branch_id: Set(scope.branch),
            category: Set(scope.category.map(PatronCategory::code)),
            material: Set(scope.material.clone()),
            collection: Set(scope.collection.clone()),
            valid_from: Set(valid_from),
            valid_until: Set(valid_until),
            old_value: Set(there.as_ref().map(|model| model.value.clone())),
            new_value: Set(value.clone()),
            decision: Set(decision.clone()),
            ..Default::default()
        }
        .insert(connection)
        .await?;
        let is_new = there.is_none();
        let mut model: policies::ActiveModel =
            there.map_or_else(Default::default, policies::Model::into_active_model);
        model.key = Set(key);
        model.value = Set(value);
        model.municipality = Set(scope.municipality);
        model.branch_id = Set(scope.branch);
        model.category = Set(scope.category.map(PatronCategory::code));
        model.material = Set(scope.material);
        model.collection = Set(scope.collection);
        model.valid_from = Set(valid_from);
        model.valid_until = Set(valid_until);
        model.decision = Set(decision);
        if is_new {
            model.insert(connection).await?;
        } else {
            model.update(connection).await?;
        }
    }
    Ok(outlook)
}
