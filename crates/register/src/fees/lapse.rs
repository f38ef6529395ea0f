//! Lets lapse what nobody may ask for any more, in batches of one transaction each. Nobody waits for it: what has lapsed
//! by its day is not owed, and only stands open in the ledger until this has written it down. Fees from before their day
//! was kept get it here.
//!
//! Killed anywhere, it has lapsed the fees of whole batches; run again, it finds those that are left, because nothing is
//! open of the others.

use super::ledger::{self, Hold, Pen};
use crate::{
    RegisterError,
    audit::{About, Author},
    jobs::{AUTHOR, Batched, JobReport, Work},
};
use chrono::NaiveDate;
use kortisto_domain::{Decision, FeeEntryKind, FeeLaw, Moment, fees::lapse as rules};
use kortisto_store::{
    StoreError,
    entities::{fees, patrons},
    queries::changes::Changes,
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The job.
pub(crate) struct LapseFees;

impl Batched for LapseFees {
    const NAME: &'static str = "lapse_fees";

    /// The last patron who was looked at.
    type Place = i64;

    fn first() -> i64 {
        0
    }

    async fn batch(work: &Work<'_>, after: i64) -> Result<(JobReport, Option<i64>), RegisterError> {
        let surroundings = &work.register.surroundings;
        let moment = surroundings.moment();
        let debtors = debtors_behind(work.transaction, after, work.rows).await?;
        let Some(last) = debtors.last().copied() else { return Ok((JobReport::default(), None)) };
        let keys = candidates(work.transaction, &moment, debtors).await?;
        if keys.is_empty() {
            return Ok((JobReport::default(), Some(last)));
        }
        let mut query = patrons::Entity::find()
            .filter(patrons::Column::Id.is_in(keys.iter().copied()))
            .order_by_asc(patrons::Column::Id);
        if !work.dry_run {
            query = query.lock_exclusive();
        }
        let held = query.all(work.transaction).await.map_err(StoreError::from)?;
        let hold = if work.dry_run { Hold::No } else { Hold::Yes };
        let (mut lapsed, mut undated) = (Vec::new(), BTreeMap::<NaiveDate, Vec<Uuid>>::new());
        for fee in ledger::open_of(work.transaction, &keys, hold).await? {
            let day = lapses_on(&fee, &moment)?;
            if fee.lapses_on.is_none() {
                undated.entry(day).or_default().push(fee.id);
            }
            if day <= moment.today() {
                lapsed.push(fee);
            }
        }
        let cents: i64 = lapsed.iter().map(|fee| fee.open_cents).sum();
        let report = JobReport::of([
            ("dated_fees", undated.values().map(|fees| fees.len() as u64).sum()),
            ("lapsed_fees", lapsed.len() as u64),
            ("lapsed_cents", cents.unsigned_abs()),
        ]);
        if work.dry_run {
            return Ok((report, Some(last)));
        }
        for (day, fees) in undated {
            date(work.transaction, day, fees).await?;
        }
        if lapsed.is_empty() {
            return Ok((report, Some(last)));
        }
        let mut changes = Changes::default();
        let pen = Pen { surroundings, at: moment.at(), by: AUTHOR.to_owned() };
        for patron in held.iter().filter(|patron| lapsed.iter().any(|fee| fee.patron_id == patron.id)) {
            let about = About { subject: Some(patron.pseudonym), ..About::default() };
            let (author, granted) = (Author::Job { branch: None }, Decision::granted());
            changes.audit.push(about.row(surroundings, moment.at(), author, Self::NAME, &granted));
        }
        let entry = |fee: &fees::Model| pen.entry(fee.id, FeeEntryKind::Lapse, -fee.open_cents);
        changes.fee_entries.extend(lapsed.iter().map(entry));
        ledger::post(work.transaction, &moment, changes).await?;
        Ok((report, Some(last)))
    }
}

/// Patrons of whom a fee is open, in the order of their keys.
async fn debtors_behind(
    transaction: &DatabaseTransaction,
    after: i64,
    limit: u64,
) -> Result<Vec<i64>, StoreError> {
    let found = fees::Entity::find()
        .select_only()
        .column(fees::Column::PatronId)
        .distinct()
        .filter(fees::Column::OpenCents.gt(0))
        .filter(fees::Column::PatronId.gt(after))
        .order_by_asc(fees::Column::PatronId)
        .limit(limit)
        .into_tuple()
        .all(transaction);
    Ok(found.await?)
}

/// Those of them of whom a fee has lapsed, or does not say when it will.
async fn candidates(
    transaction: &DatabaseTransaction,
    moment: &Moment,
    debtors: Vec<i64>,
) -> Result<Vec<i64>, StoreError> {
    let lapsed = fees::Column::LapsesOn.lte(moment.today()).or(fees::Column::LapsesOn.is_null());
    let found = fees::Entity::find()
        .select_only()
        .column(fees::Column::PatronId)
        .distinct()
        .filter(fees::Column::OpenCents.gt(0))
        .filter(lapsed)
        .filter(fees::Column::PatronId.is_in(debtors))
        .into_tuple()
        .all(transaction);
    Ok(found.await?)
}

/// The first day on which the fee has lapsed. It fell due on the day on which it came about.
fn lapses_on(fee: &fees::Model, moment: &Moment) -> Result<NaiveDate, StoreError> {
    match fee.lapses_on {
        Some(day) => Ok(day),
        None => Ok(rules::lapses_on(FeeLaw::try_from(fee.law)?, moment.day_of(fee.created_at))),
    }
}

/// Writes down when these fees lapse, which nobody did when they were charged.
async fn date(transaction: &DatabaseTransaction, day: NaiveDate, which: Vec<Uuid>) -> Result<(), StoreError> {
    fees::Entity::update_many()
        .col_expr(fees::Column::LapsesOn, Expr::value(day))
        .filter(fees::Column::Id.is_in(which))
        .exec(transaction)
        .await?;
    Ok(())
}
