//! Fees that a desk charged for an item: they name who had it, and no loan and no hold with whose trace that would go. It
//! goes when nothing is owed of the fee and no trace is left of a loan of this item to this patron.

use super::super::{JobReport, Work};
use crate::RegisterError;
use chrono::{DateTime, Utc};
use kortisto_store::{
    StoreError,
    entities::{fees, loan_history, open_loans},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, sea_query::Expr,
};
use std::collections::HashSet;
use uuid::Uuid;

/// One batch of them, in the order of their keys from behind `after`: the items of those that were charged before this are
/// forgotten. Gives the last one that was looked at while there are more.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(super) async fn batch(
    work: &Work<'_>,
    before: DateTime<Utc>,
    after: Uuid,
) -> Result<(JobReport, Option<Uuid>), RegisterError> {
    let fees = of_items_alone(work, after).await?;
    let next = fees.last().map(|fee| fee.id).filter(|_| fees.len() as u64 >= work.rows);
    let old = |fee: &fees::Model| fee.open_cents == 0 && fee.created_at < before;
    let fees: Vec<_> = fees.into_iter().filter(old).collect();
    let named = named_by_loans(work, &fees).await?;
    let unnamed =
        |fee: &&fees::Model| fee.item_id.is_some_and(|item| !named.contains(&(fee.patron_id, item)));
    let settled: Vec<Uuid> = fees.iter().filter(unnamed).map(|fee| fee.id).collect();
    let report = JobReport::of([("items_of_desk_fees", settled.len() as u64)]);
    if !work.dry_run && !settled.is_empty() {
        fees::Entity::update_many()
            .col_expr(fees::Column::ItemId, Expr::value(None::<i64>))
            .filter(fees::Column::Id.is_in(settled))
            // What was paid may have been paid back meanwhile, and is owed again.
            .filter(fees::Column::OpenCents.eq(0))
            .exec(work.transaction)
            .await
            .map_err(StoreError::from)?;
    }
    Ok((report, next))
}

/// Those of these patrons and items of which such a fee is owed.
pub(super) async fn owed(
    work: &Work<'_>,
    of: impl Iterator<Item = (i64, i64)> + Clone,
) -> Result<HashSet<(i64, i64)>, RegisterError> {
    // Of each patron, and of each item: more than the pairs, by an index that leads to the few fees of a patron.
    let found: Vec<(i64, i64)> = fees::Entity::find()
        .select_only()
        .columns([fees::Column::PatronId, fees::Column::ItemId])
        .filter(fees::Column::PatronId.is_in(of.clone().map(|(patron, _)| patron)))
        .filter(fees::Column::ItemId.is_in(of.map(|(_, item)| item)))
        .filter(fees::Column::LoanId.is_null())
        .filter(fees::Column::HoldId.is_null())
        .filter(fees::Column::OpenCents.gt(0))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found.into_iter().collect())
}

/// Such fees, in the order of their keys from behind `after`.
async fn of_items_alone(work: &Work<'_>, after: Uuid) -> Result<Vec<fees::Model>, RegisterError> {
    let found = fees::Entity::find()
        .filter(fees::Column::Id.gt(after))
        .filter(fees::Column::ItemId.is_not_null())
        .filter(fees::Column::LoanId.is_null())
        .filter(fees::Column::HoldId.is_null())
        .order_by_asc(fees::Column::Id)
        .limit(work.rows)
        .all(work.transaction);
    Ok(found.await.map_err(StoreError::from)?)
}

/// Patrons and items of loans for these items that run or have left a trace.
async fn named_by_loans(work: &Work<'_>, fees: &[fees::Model]) -> Result<HashSet<(i64, i64)>, RegisterError> {
    let items = || fees.iter().filter_map(|fee| fee.item_id);
    let open: Vec<(i64, i64)> = open_loans::Entity::find()
        .select_only()
        .columns([open_loans::Column::PatronId, open_loans::Column::ItemId])
        .filter(open_loans::Column::ItemId.is_in(items()))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let past: Vec<(i64, i64)> = loan_history::Entity::find()
        .select_only()
        .columns([loan_history::Column::PatronId, loan_history::Column::ItemId])
        .filter(loan_history::Column::ItemId.is_in(items()))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(open.into_iter().chain(past).collect())
}
