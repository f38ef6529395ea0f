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
    ColumnTrait as _, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query, SelectStatement},
};
use std::collections::HashSet;
use uuid::Uuid;

/// One batch of those that were charged before this, in the order of their keys from behind `after`. Gives the last one
/// while there are more.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(super) async fn batch(
    work: &Work<'_>,
    before: DateTime<Utc>,
    after: Uuid,
) -> Result<(JobReport, Option<Uuid>), RegisterError> {
    let open_loan = of_fee(open_loans::Entity, open_loans::Column::PatronId, open_loans::Column::ItemId);
    let traced_loan =
        of_fee(loan_history::Entity, loan_history::Column::PatronId, loan_history::Column::ItemId);
    let settled: Vec<Uuid> = fees::Entity::find()
        .select_only()
        .column(fees::Column::Id)
        .filter(fees::Column::Id.gt(after))
        .filter(fees::Column::ItemId.is_not_null())
        .filter(fees::Column::LoanId.is_null())
        .filter(fees::Column::HoldId.is_null())
        .filter(fees::Column::OpenCents.eq(0))
        .filter(fees::Column::CreatedAt.lt(before))
        .filter(Expr::exists(open_loan).not())
        .filter(Expr::exists(traced_loan).not())
        .order_by_asc(fees::Column::Id)
        .limit(work.rows)
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let next = settled.last().copied().filter(|_| settled.len() as u64 >= work.rows);
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

/// The patron of a fee has or had its item, by a row of this table of loans.
fn of_fee<L: EntityTrait>(loans: L, patron: L::Column, item: L::Column) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(loans)
        .and_where(Expr::col((loans, patron)).equals((fees::Entity, fees::Column::PatronId)))
        .and_where(Expr::col((loans, item)).equals((fees::Entity, fees::Column::ItemId)))
        .take()
}
