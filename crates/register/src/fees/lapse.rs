//! Lets lapse what nobody may ask for any more, in batches of one transaction each.
//!
//! Killed anywhere, it has lapsed the fees of whole batches; run again, it finds those that are left, because nothing is
//! open of the others.

use super::ledger::{self, Hold, Pen};
use crate::Surroundings;
use kortisto_domain::{FeeEntryKind, FeeLaw, Moment, fees::lapse as rules};
use kortisto_store::{
    Store, StoreError,
    entities::{fees, patrons},
    queries::{
        changes::{AuditRow, Changes},
        dialect::At,
    },
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use std::time::Duration;
use tokio::time::Instant;

/// Patrons of a batch, where nobody asks for another number: some milliseconds of SQLite's one writer.
pub const BATCH_PATRONS_DEFAULT: u64 = 100;

/// Patrons of a batch at most.
pub const BATCH_PATRONS_MAX: u64 = 1_000;

/// How long one batch may take.
const BATCH_DEADLINE: Duration = Duration::from_secs(30);

/// Its name in the audit trail, and who does it there.
const ACTION: &str = "lapse_fees";
const ACTOR: &str = "job";

/// How far to go.
#[derive(Debug, Clone, Copy)]
pub struct LapseOrder {
    /// Patrons of a batch, 1 to [`BATCH_PATRONS_MAX`].
    pub batch_patrons: u64,
    /// The key of the patron behind whom to begin: [`LapseReport::after`] of the run before, or 0.
    pub after: i64,
    /// No batch begins after this.
    pub deadline: Instant,
    /// Whether the fees are only counted.
    pub dry_run: bool,
}

/// What has lapsed, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LapseReport {
    /// Fees.
    pub fees: u64,
    /// What was open of them, in cents.
    pub cents: i64,
    /// The key of the last patron who was looked at.
    pub after: i64,
    /// Whether every patron was looked at.
    pub finished: bool,
}

/// Lets every fee lapse whose day has come.
///
/// # Errors
/// [`StoreError`]; what lapsed before stays lapsed.
pub async fn lapse(
    store: &Store,
    surroundings: &Surroundings,
    order: LapseOrder,
) -> Result<LapseReport, StoreError> {
    let mut report = LapseReport { after: order.after, ..LapseReport::default() };
    while Instant::now() < order.deadline {
        let batch = one_batch(store, surroundings, LapseOrder { after: report.after, ..order }).await?;
        report.fees += batch.fees;
        report.cents += batch.cents;
        report.after = batch.after;
        if batch.finished {
            report.finished = true;
            break;
        }
    }
    Ok(report)
}

async fn one_batch(
    store: &Store,
    surroundings: &Surroundings,
    order: LapseOrder,
) -> Result<LapseReport, StoreError> {
    let surroundings = surroundings.clone();
    store
        .unit_of_work(ACTION, Instant::now() + BATCH_DEADLINE, move |transaction| {
            let surroundings = surroundings.clone();
            Box::pin(async move { lapse_of_some(transaction, &surroundings, order).await })
        })
        .await
}

async fn lapse_of_some(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    order: LapseOrder,
) -> Result<LapseReport, StoreError> {
    let moment = surroundings.moment();
    let limit = order.batch_patrons.clamp(1, BATCH_PATRONS_MAX);
    let keys = candidates(transaction, &moment, order.after, limit).await?;
    let (Some(last), whole) = (keys.last().copied(), keys.len() as u64 == limit) else {
        return Ok(LapseReport { after: order.after, finished: true, ..LapseReport::default() });
    };
    let mut report = LapseReport { after: last, finished: !whole, ..LapseReport::default() };
    let mut query = patrons::Entity::find()
        .filter(patrons::Column::Id.is_in(keys.iter().copied()))
        .order_by_asc(patrons::Column::Id);
    if !order.dry_run {
        query = query.lock_exclusive();
    }
    let held = query.all(transaction).await?;
    let hold = if order.dry_run { Hold::No } else { Hold::Yes };
    let mut lapsed = Vec::new();
    for fee in ledger::open_of(transaction, &keys, hold).await? {
        if has_lapsed(&fee, &moment)? {
            lapsed.push(fee);
        }
    }
    report.fees = lapsed.len() as u64;
    report.cents = lapsed.iter().map(|fee| fee.open_cents).sum();
    if order.dry_run || lapsed.is_empty() {
        return Ok(report);
    }
    let mut changes = Changes::default();
    let pen = Pen { surroundings, at: moment.at(), by: ACTOR.to_owned() };
    for patron in held.iter().filter(|patron| lapsed.iter().any(|fee| fee.patron_id == patron.id)) {
        changes.audit.push(row(surroundings, &moment, patron));
    }
    let entry = |fee: &fees::Model| pen.entry(fee.id, FeeEntryKind::Lapse, -fee.open_cents);
    changes.fee_entries.extend(lapsed.iter().map(entry));
    ledger::post(transaction, &moment, changes).await?;
    Ok(report)
}

/// Patrons who owe something that fell due long enough ago, in the order of their keys.
async fn candidates(
    transaction: &DatabaseTransaction,
    moment: &Moment,
    after: i64,
    limit: u64,
) -> Result<Vec<i64>, StoreError> {
    let since = moment.start_of(rules::none_since(moment.today()));
    let found = fees::Entity::find()
        .select_only()
        .column(fees::Column::PatronId)
        .distinct()
        .filter(fees::Column::OpenCents.gt(0))
        .filter(fees::Column::CreatedAt.lt(since))
        .filter(fees::Column::PatronId.gt(after))
        .order_by_asc(fees::Column::PatronId)
        .limit(limit)
        .into_tuple()
        .all(transaction);
    Ok(found.await?)
}

/// Whether the fee's day has come. It fell due on the day on which it came about.
fn has_lapsed(fee: &fees::Model, moment: &Moment) -> Result<bool, StoreError> {
    let law = FeeLaw::try_from(fee.law)?;
    Ok(rules::lapses_on(law, moment.day_of(fee.created_at)) <= moment.today())
}

fn row(surroundings: &Surroundings, moment: &Moment, patron: &patrons::Model) -> AuditRow {
    AuditRow {
        id: surroundings.new_id(moment.at()),
        at: At(moment.at()),
        action: ACTION,
        granted: true,
        reasons: "[]".to_owned(),
        actor: ACTOR,
        device_id: None,
        branch_id: None,
        subject: Some(patron.pseudonym),
        item_id: None,
        loan_id: None,
        hold_id: None,
        request_id: None,
    }
}
