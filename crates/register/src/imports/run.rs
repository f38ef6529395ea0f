//! One file, one transaction: rows are read on a thread of their own while the batch before is written.

use super::{
    FaultList, ImportError, ImportKind, ImportOptions, ImportReport, RowFault, Source,
    branches::Branches,
    items::Items,
    kind::{Kind, Parser, Placed, Work},
    marc::MarcTable,
    opening_hours,
    patrons::Patrons,
    policies::{self, Policies},
    report::Counts,
    row::{Row, Seen},
    table::{RawRow, Table, TableFault},
    titles::Titles,
};
use crate::{Surroundings, policies as policy_files};
use kortisto_store::{Store, StoreError, entities::audit, queries::bulk::session};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DatabaseTransaction};
use std::{io, sync::Arc};
use tokio::{sync::mpsc, task::spawn_blocking, time::Instant};

/// Rows that are compared and written at once.
pub const BATCH_ROWS: usize = 2_000;

/// Most rows of one file. What a file's keys take in memory depends on it, about 40 bytes for each.
pub const ROWS_MAX: u64 = 5_000_000;

/// Batches that are read ahead of the one that is being written.
const BATCHES_AHEAD_MAX: usize = 1;

/// Imports a file, all of it or nothing.
///
/// # Errors
/// [`ImportError::Refused`] with every bad row, or what else hindered it.
pub async fn import(
    store: &Store,
    surroundings: &Surroundings,
    kind: ImportKind,
    source: Source,
    options: ImportOptions,
    deadline: Instant,
) -> Result<ImportReport, ImportError> {
    let job = Arc::new(Job { surroundings: surroundings.clone(), source, options });
    match kind {
        ImportKind::Branches => run::<Branches>(store, job, deadline).await,
        ImportKind::OpeningHours => run_whole(store, job, deadline, Whole::OpeningHours).await,
        ImportKind::Titles => run::<Titles>(store, job, deadline).await,
        ImportKind::Items => run::<Items>(store, job, deadline).await,
        ImportKind::Patrons => run::<Patrons>(store, job, deadline).await,
        ImportKind::Policies if is_policy_file(&job).await? => {
            run_whole(store, job, deadline, Whole::PolicyFile).await
        }
        ImportKind::Policies => run::<Policies>(store, job, deadline).await,
    }
}

struct Job {
    surroundings: Surroundings,
    source: Source,
    options: ImportOptions,
}

impl Job {
    fn work<'t>(&'t self, transaction: &'t DatabaseTransaction) -> Work<'t> {
        let moment = self.surroundings.moment();
        Work {
            transaction,
            surroundings: &self.surroundings,
            options: &self.options,
            at: moment.at(),
            today: moment.today(),
        }
    }
}

async fn run<K: Kind + 'static>(
    store: &Store,
    job: Arc<Job>,
    deadline: Instant,
) -> Result<ImportReport, ImportError> {
    store
        .unit_of_work(K::KIND.action(), deadline, move |transaction| {
            let job = Arc::clone(&job);
            Box::pin(async move { one_try::<K>(transaction, &job).await })
        })
        .await
}

/// Files that are no tables and are read whole.
#[derive(Clone, Copy)]
enum Whole {
    OpeningHours,
    PolicyFile,
}

/// Whether a file of policies is in TOML. What cannot be read as text is left to the table reader, which says so.
async fn is_policy_file(job: &Arc<Job>) -> Result<bool, ImportError> {
    let job = Arc::clone(job);
    let read = spawn_blocking(move || policy_files::text(&job.source)).await;
    Ok(read.map_err(|_| ImportError::Internal)?.is_ok_and(|text| policy_files::file::is_one(&text)))
}

async fn run_whole(
    store: &Store,
    job: Arc<Job>,
    deadline: Instant,
    whole: Whole,
) -> Result<ImportReport, ImportError> {
    store
        .unit_of_work("import_file", deadline, move |transaction| {
            let job = Arc::clone(&job);
            Box::pin(async move {
                let work = job.work(transaction);
                session::prepare(transaction).await?;
                let report = match whole {
                    Whole::OpeningHours => opening_hours::import(&work, job.source.clone()).await?,
                    Whole::PolicyFile => policies::import_file(&work, job.source.clone()).await?,
                };
                record(&work, report.kind).await?;
                Ok(report)
            })
        })
        .await
}

async fn one_try<K: Kind>(transaction: &DatabaseTransaction, job: &Job) -> Result<ImportReport, ImportError> {
    let work = job.work(transaction);
    session::prepare(transaction).await?;
    let (mut kind, parser) = K::start(&work).await?;
    let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD_MAX);
    let source = job.source.clone();
    let reader = spawn_blocking(move || read(K::KIND, &source, &parser, &sender));
    let (mut faults, mut counts, mut rows) = (FaultList::default(), Counts::default(), 0);
    while let Some(Batch { rows: batch, rows_seen, faults: found, bytes_read }) = batches.recv().await {
        faults.append(found);
        rows = rows_seen;
        counts += kind.apply(&work, batch, &mut faults).await?;
        (job.options.progress)(bytes_read);
    }
    reader.await.map_err(|_| ImportError::Internal)?.map_err(|error| ImportError::Unreadable {
        name: job.source.name().to_owned(),
        kind: error.kind(),
    })?;
    counts += kind.finish(&work, &mut faults).await?;
    if !faults.is_empty() {
        faults.sort();
        return Err(ImportError::Refused { name: job.source.name().to_owned(), faults });
    }
    record(&work, K::KIND).await?;
    let Counts { created, changed, unchanged, pins_set } = counts;
    Ok(ImportReport { kind: K::KIND, rows, created, changed, unchanged, pins_set })
}

/// Rows that are ready to be written, with what was wrong with others.
struct Batch<T> {
    rows: Vec<Placed<T>>,
    rows_seen: u64,
    faults: FaultList,
    bytes_read: u64,
}

/// Where rows come from.
enum Rows {
    Table(Table),
    Records(MarcTable),
}

impl Rows {
    fn next_row(&mut self) -> Result<Option<RawRow<'_>>, TableFault> {
        match self {
            Self::Table(table) => table.next_row(),
            Self::Records(records) => records.next_row(),
        }
    }

    fn is_lost(&self) -> bool {
        match self {
            Self::Table(table) => table.is_lost(),
            Self::Records(records) => records.is_lost(),
        }
    }

    fn bytes_read(&self) -> u64 {
        match self {
            Self::Table(table) => table.bytes_read(),
            Self::Records(records) => records.bytes_read(),
        }
    }
}

/// Reads the file to its end. Stops early, without an error, when nobody takes the batches any more.
fn read<P: Parser>(
    kind: ImportKind,
    source: &Source,
    parser: &P,
    sender: &mpsc::Sender<Batch<P::Row>>,
) -> io::Result<()> {
    let mut faults = FaultList::default();
    let mut seen = Seen::default();
    let mut table = match MarcTable::open(source, kind)? {
        Some(records) => {
            faults = FaultList::of_records();
            Some(Rows::Records(records))
        }
        None => Table::open(source, kind.layouts(), &mut faults)?.map(Rows::Table),
    };
    let (mut rows, mut rows_seen) = (Vec::with_capacity(BATCH_ROWS), 0);
    let mut more = table.is_some();
    while more || !faults.is_empty() {
        if let Some(table) = &mut table {
            while more && rows.len() < BATCH_ROWS && faults.total() < BATCH_ROWS as u64 {
                more = match table.next_row() {
                    Ok(None) => false,
                    Ok(Some(raw)) => {
                        rows_seen += 1;
                        let line = raw.line;
                        if let Some(row) = parser.parse(&mut Row::new(&raw, &mut faults, &mut seen)) {
                            rows.push(Placed { line, row });
                        }
                        if rows_seen > ROWS_MAX {
                            faults.push(too_many(line));
                        }
                        rows_seen <= ROWS_MAX
                    }
                    Err(TableFault::Row(fault)) => {
                        rows_seen += 1;
                        faults.push(fault);
                        !table.is_lost()
                    }
                    Err(TableFault::Io(error)) => return Err(error),
                };
            }
        }
        let batch = Batch {
            rows: std::mem::replace(&mut rows, Vec::with_capacity(BATCH_ROWS)),
            rows_seen,
            faults: faults.take(),
            bytes_read: table.as_ref().map_or(0, Rows::bytes_read),
        };
        if sender.blocking_send(batch).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

fn too_many(line: u64) -> RowFault {
    RowFault {
        line,
        column: "",
        value: None,
        reason: format!("more than {ROWS_MAX} rows, reading ends here"),
        right: "several smaller files".to_owned(),
    }
}

/// Leaves the audit row of an import.
async fn record(work: &Work<'_>, kind: ImportKind) -> Result<(), ImportError> {
    audit::ActiveModel {
        id: Set(work.surroundings.new_id(work.at)),
        at: Set(work.at),
        action: Set(kind.action().to_owned()),
        granted: Set(true),
        reasons: Set("[]".to_owned()),
        actor: Set("operator".to_owned()),
        ..Default::default()
    }
    .insert(work.transaction)
    .await
    .map_err(StoreError::from)?;
    Ok(())
}
