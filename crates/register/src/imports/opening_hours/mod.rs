//! Opening hours day by day, in the shape of Kirkanta's schedules: each day becomes the exception of that day.
//!
//! The file is JSON and no table, so it does not go through `table.rs`; everything else is as for other imports.

mod read;

use super::{
    FaultList, ImportError, ImportKind, ImportReport, RowFault,
    kind::{Placed, Work},
    report::Counts,
};
use crate::staff::places::Hours;
use chrono::NaiveDate;
use kortisto_store::{
    StoreError,
    entities::{branches, opening_exceptions},
    queries::rulebook,
};
use read::{Day, Name};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read as _},
};
use tokio::task::spawn_blocking;

/// Longest file, in bytes: a hundred branches and ten years of days fit.
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Rows that one statement writes or deletes.
const ROWS_AT_ONCE: usize = 1_000;

/// What holds on a day: its windows in order, and the note.
type DayHours = (Vec<Hours>, String);

/// Reads the file and writes what is new or differs.
pub(super) async fn import(work: &Work<'_>, source: super::Source) -> Result<ImportReport, ImportError> {
    let name = source.name().to_owned();
    let text = spawn_blocking(move || text(&source)).await.map_err(|_| ImportError::Internal)?;
    let text = text.map_err(|error| ImportError::Unreadable { name: name.clone(), kind: error.kind() })?;
    (work.options.progress)(text.len() as u64);
    let read = spawn_blocking(move || read::days(&text)).await.map_err(|_| ImportError::Internal)?;
    let (days, mut faults) = read;
    let rows = days.len() as u64;
    let wanted = placed(work.transaction, days, &mut faults).await?;
    if !faults.is_empty() {
        faults.sort();
        return Err(ImportError::Refused { name, faults });
    }
    let Counts { created, changed, unchanged, pins_set } = keep(work.transaction, wanted).await?;
    if created + changed > 0 {
        rulebook::touch(work.transaction).await?;
    }
    Ok(ImportReport { kind: ImportKind::OpeningHours, rows, created, changed, unchanged, pins_set })
}

fn text(source: &super::Source) -> io::Result<String> {
    if source.bytes() > FILE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 64 MiB"));
    }
    let mut text = String::new();
    source.reader().read_to_string(&mut text)?;
    Ok(text)
}

/// The days by branch, with a fault for every branch that does not exist and every day that is told twice.
async fn placed(
    transaction: &DatabaseTransaction,
    days: Vec<Placed<Day>>,
    faults: &mut FaultList,
) -> Result<BTreeMap<(i64, NaiveDate), DayHours>, StoreError> {
    let all = branches::Entity::find().all(transaction).await?;
    let by_code: HashMap<&str, i64> = all.iter().map(|row| (row.code.as_str(), row.id)).collect();
    let by_isil: HashMap<&str, i64> =
        all.iter().filter_map(|row| Some((row.isil.as_deref()?, row.id))).collect();
    let mut wanted = BTreeMap::new();
    let mut lines = HashMap::new();
    for Placed { line, row } in days {
        let (column, name, found) = match &row.name {
            Name::Code(code) => ("branch", code, by_code.get(code.as_str())),
            Name::Isil(isil) => ("isil", isil, by_isil.get(isil.as_str())),
        };
        let mut fault = |column, value: &str, reason: String, right: &str| {
            faults.push(RowFault {
                line,
                column,
                value: Some(RowFault::shown(value)),
                reason,
                right: right.to_owned(),
            });
        };
        let Some(branch) = found else {
            fault(column, name, "not in the register".to_owned(), "a branch that has been imported");
            continue;
        };
        if let Some(first) = lines.insert((*branch, row.date), line) {
            let day = format!("{name} {}", row.date);
            fault(
                "date",
                &day,
                format!("the same day as on line {first}"),
                "one entry for each branch and day",
            );
            continue;
        }
        wanted.insert((*branch, row.date), (row.hours, row.note));
    }
    Ok(wanted)
}

/// Makes the exceptions of these days those that are wanted.
async fn keep(
    transaction: &DatabaseTransaction,
    wanted: BTreeMap<(i64, NaiveDate), DayHours>,
) -> Result<Counts, StoreError> {
    let mut counts = Counts::default();
    let first = wanted.keys().map(|(_, day)| *day).min();
    let last = wanted.keys().map(|(_, day)| *day).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(counts) };
    let rows = opening_exceptions::Entity::find()
        .filter(opening_exceptions::Column::Day.between(first, last))
        .all(transaction)
        .await?;
    let mut there: HashMap<(i64, NaiveDate), Vec<opening_exceptions::Model>> = HashMap::new();
    for row in rows {
        there.entry((row.branch_id, row.day)).or_default().push(row);
    }
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for ((branch, day), (hours, note)) in wanted {
        match there.get(&(branch, day)) {
            None => counts.created += 1,
            Some(rows) if is_as(rows, &hours, &note) => {
                counts.unchanged += 1;
                continue;
            }
            Some(rows) => {
                counts.changed += 1;
                gone.extend(rows.iter().map(|row| row.id));
            }
        }
        new.extend(hours.into_iter().map(|hours| opening_exceptions::ActiveModel {
            branch_id: Set(branch),
            day: Set(day),
            opens_minute: Set(Hours::column(hours.opens_minute)),
            closes_minute: Set(Hours::column(hours.closes_minute)),
            mode: Set(hours.mode.code()),
            note: Set(note.clone()),
            ..Default::default()
        }));
    }
    for ids in gone.chunks(ROWS_AT_ONCE) {
        let some = opening_exceptions::Column::Id.is_in(ids.iter().copied());
        opening_exceptions::Entity::delete_many().filter(some).exec(transaction).await?;
    }
    for rows in new.chunks(ROWS_AT_ONCE) {
        let rows = rows.iter().cloned();
        opening_exceptions::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    }
    Ok(counts)
}

fn is_as(there: &[opening_exceptions::Model], hours: &[Hours], note: &str) -> bool {
    let read = there.iter().map(|row| Hours::of(row.opens_minute, row.closes_minute, row.mode));
    let Ok(mut read) = read.collect::<Result<Vec<_>, _>>() else { return false };
    read.sort_unstable();
    read == hours && there.iter().all(|row| row.note == note)
}
