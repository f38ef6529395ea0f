//! Lets lapse what nobody may ask for any more, in batches of one transaction each.
//!
//! Killed anywhere, it has lapsed the fees of whole batches; run again, it finds those that are left, because nothing is
//! open of the others.

use super::ledger::{self, Hold, Pen};
use crate::{
    RegisterError,
    audit::{About, Author},
    jobs::{AUTHOR, Batched, JobReport, Work},
};
use kortisto_domain::{Decision, FeeEntryKind, FeeLaw, Moment, fees::lapse as rules};
use kortisto_store::{
    StoreError,
    entities::{fees, patrons},
    queries::changes::Changes,
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

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
        let keys = candidates(work.transaction, &moment, after, work.rows).await?;
        let Some(last) = keys.last().copied() else { return Ok((JobReport::default(), None)) };
        let mut query = patrons::Entity::find()
            .filter(patrons::Column::Id.is_in(keys.iter().copied()))
            .order_by_asc(patrons::Column::Id);
        if !work.dry_run {
            query = query.lock_exclusive();
        }
        let held = query.all(work.transaction).await.map_err(StoreError::from)?;
        let hold = if work.dry_run { Hold::No } else { Hold::Yes };
        let mut lapsed = Vec::new();
        for fee in ledger::open_of(work.transaction, &keys, hold).await? {
            if has_lapsed(&fee, &moment)? {
                lapsed.push(fee);
            }
        }
        let cents: i64 = lapsed.iter().map(|fee| fee.open_cents).sum();
        let report =
            JobReport::of([("lapsed_fees", lapsed.len() as u64), ("lapsed_cents", cents.unsigned_abs())]);
        if work.dry_run || lapsed.is_empty() {
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
