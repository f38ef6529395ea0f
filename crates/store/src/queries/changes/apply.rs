//! Writes the changes of a turn.

use super::{
    AuditValueRow, Changes, FeeEntryRow, StaffAuditRow,
    rows::{FeeBalanceRow, Named, SettledItemRow},
    sets::*,
};
use crate::{
    Engine, StoreError,
    queries::dialect::{At, parameter, rows},
};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::Serialize;
use std::{collections::BTreeMap, fmt::Write as _};
use uuid::Uuid;

/// Writes every change, `at` being the moment of the turn and `today` its local date.
///
/// # Errors
/// [`StoreError`], among them `Unique` when another server opened the same loan or remembered the
/// same request id first; the turn is then decided again on newer facts.
pub async fn apply(
    connection: &impl ConnectionTrait,
    engine: Engine,
    changes: Changes,
    at: DateTime<Utc>,
    today: NaiveDate,
) -> Result<(), StoreError> {
    let mut plan = Plan::default();
    let named = |ids: Vec<i64>| {
        ids.into_iter().map(|id| Named { id, at: At(at), on_date: today }).collect::<Vec<_>>()
    };
    let suspended: Vec<i64> = changes.devices_suspended.iter().copied().collect();
    let seen: Vec<i64> = changes.devices_seen.difference(&changes.devices_suspended).copied().collect();
    plan.add(&CERTIFICATES, &changes.certificates_first_used.into_values().collect::<Vec<_>>());
    plan.add(&DEVICES_SEEN, &named(seen));
    plan.add(&DEVICES_SUSPENDED, &named(suspended));
    plan.add(&PATRONS_SEEN, &named(changes.patrons_seen.into_iter().collect()));
    plan.add(&PINS, &changes.pins.into_values().collect::<Vec<_>>());
    plan.add(&WEB_PASSWORDS, &changes.web_passwords.into_values().collect::<Vec<_>>());
    plan.add(&ATTEMPTS, &changes.attempts.into_values().collect::<Vec<_>>());
    plan.add(&KNOWN_DEVICES, &changes.known_devices.into_values().collect::<Vec<_>>());
    // Before the new ones: a session that the turn opens later on stays.
    let guardians = changes.signed_out.union(&changes.wards_signed_out).copied().collect();
    plan.add(&WARDS_SIGNED_OUT, &named(guardians));
    plan.add(&SIGNED_OUT, &named(changes.signed_out.into_iter().collect()));
    plan.add(&NEW_SESSIONS, &changes.new_sessions);
    plan.add(&ENDED_SESSIONS, &changes.ended_sessions);
    let settled = |item| SettledItemRow { item, at: At(at) };
    plan.add(&ITEMS, &changes.items.into_values().map(settled).collect::<Vec<_>>());
    plan.add(&CLOSED_LOANS, &changes.closed_loans);
    plan.add(&UNDONE_LOANS, &changes.undone_loans);
    plan.add(&NEW_LOANS, &changes.new_loans);
    plan.add(&RENEWED_LOANS, &changes.renewed_loans.into_values().collect::<Vec<_>>());
    plan.add(&YEARS, &changes.years.into_values().collect::<Vec<_>>());
    plan.add(&NEW_FEES, &changes.new_fees);
    plan.add(&FEE_BALANCES, &balances(&changes.fee_entries));
    plan.add(&FEE_ENTRIES, &changes.fee_entries);
    plan.add(&HOLDS, &changes.holds.into_values().collect::<Vec<_>>());
    plan.add(&NOTICE_LINES, &changes.notice_lines);
    plan.add(&REMEMBERED, &changes.remembered);
    plan.add(&AUDIT, &changes.audit);
    plan.run(connection, engine).await
}

/// The entries added up by fee: one statement updates a row once.
fn balances(entries: &[FeeEntryRow]) -> Vec<FeeBalanceRow> {
    let mut sums: BTreeMap<Uuid, i64> = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.fee_id).or_default() += entry.cents;
    }
    sums.into_iter().map(|(id, cents)| FeeBalanceRow { id, cents }).collect()
}

/// Writes the trail of an act of staff.
///
/// # Errors
/// [`StoreError`].
pub async fn apply_trail(
    connection: &impl ConnectionTrait,
    engine: Engine,
    acts: &[StaffAuditRow],
    values: &[AuditValueRow],
) -> Result<(), StoreError> {
    let mut plan = Plan::default();
    plan.add(&STAFF_AUDIT, acts);
    plan.add(&AUDIT_VALUES, values);
    plan.run(connection, engine).await
}

/// The sets that have rows, in the order in which they are written.
#[derive(Default)]
struct Plan {
    steps: Vec<(&'static Set, Value)>,
}

impl Plan {
    fn add<T: Serialize>(&mut self, set: &'static Set, rows: &[T]) {
        if !rows.is_empty() {
            self.steps.push((set, parameter(rows)));
        }
    }

    async fn run(self, connection: &impl ConnectionTrait, engine: Engine) -> Result<(), StoreError> {
        match engine {
            Engine::Postgres => self.run_as_one(connection).await,
            Engine::Sqlite => self.run_one_by_one(connection).await,
        }
    }

    // The text depends only on which sets have rows, so a connection soon has every text prepared.
    async fn run_as_one(self, connection: &impl ConnectionTrait) -> Result<(), StoreError> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let mut text = String::with_capacity(4096);
        let mut values = Vec::with_capacity(self.steps.len());
        for (index, (set, value)) in self.steps.into_iter().enumerate() {
            let source = rows(Engine::Postgres, set.columns, index + 1);
            for (name, sql) in set.postgres {
                let separator = if text.is_empty() { "with " } else { ", " };
                write!(text, "{separator}{name} as ({})", sql.replace("{rows}", &source))
                    .expect("a String takes every write");
            }
            values.push(value);
        }
        text.push_str(" select 1");
        connection.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, text, values)).await?;
        Ok(())
    }

    async fn run_one_by_one(self, connection: &impl ConnectionTrait) -> Result<(), StoreError> {
        for (set, value) in self.steps {
            let source = rows(Engine::Sqlite, set.columns, 1);
            for sql in set.sqlite {
                let text = sql.replace("{rows}", &source);
                connection
                    .execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, text, [value.clone()]))
                    .await?;
            }
        }
        Ok(())
    }
}
