//! Forgets loans that were undone. They left no trace but what the audit trail says of the check-out or the pickup and of
//! its undoing, and that goes when it is as old as any trace.

use super::{
    super::{JobReport, Work},
    traces,
};
use crate::RegisterError;
use kortisto_store::{
    StoreError,
    entities::{audit, loan_history, open_loans},
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// One batch of them, by the rows that undid them: those behind the row `after` and before the row `before`. Gives the
/// last row that was looked at while there are more.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(super) async fn batch(
    work: &Work<'_>,
    before: Uuid,
    after: Uuid,
) -> Result<(JobReport, Option<Uuid>), RegisterError> {
    let mut undoings = undoings(work, before, after).await?;
    let next = undoings.last().filter(|_| undoings.len() as u64 >= work.rows).map(|row| row.id);
    let kept = traced(work, &undoings).await?;
    let last = last_said(work, before, &undoings).await?;
    undoings.retain(|row| !kept.contains(&row.loan_id) && last.get(&row.loan_id) == Some(&row.id));
    let report = JobReport::of([("undone_loans_in_trail", undoings.len() as u64)]);
    if !work.dry_run && !undoings.is_empty() {
        let loans: Vec<Uuid> = undoings.into_iter().map(|row| row.loan_id).collect();
        traces::of_loans(work.transaction, &loans).await?;
    }
    Ok((report, next))
}

/// A row of the trail that undid a loan.
#[derive(FromQueryResult)]
struct Undoing {
    id: Uuid,
    item_id: Option<i64>,
    loan_id: Uuid,
}

/// The action of rows that undo. It stands in the statement as it does in the index of such rows, which would not be used
/// for a word that is bound.
fn undoes() -> Expr {
    Expr::col(audit::Column::Action).eq(Expr::cust("'cancel_checkout'"))
}

/// Rows that undid a loan, in their order.
async fn undoings(work: &Work<'_>, before: Uuid, after: Uuid) -> Result<Vec<Undoing>, RegisterError> {
    let found = audit::Entity::find()
        .select_only()
        .columns([audit::Column::Id, audit::Column::ItemId, audit::Column::LoanId])
        .filter(audit::Column::Id.gt(after))
        .filter(audit::Column::Id.lt(before))
        .filter(undoes())
        .filter(audit::Column::Granted.eq(true))
        .filter(audit::Column::LoanId.is_not_null())
        .order_by_asc(audit::Column::Id)
        .limit(work.rows)
        .into_model()
        .all(work.transaction);
    Ok(found.await.map_err(StoreError::from)?)
}

/// Loans of these rows whose trace lasts: those that go on, because it was their renewal that was undone, and the same once
/// they were returned. The rows of these go with the trace. A loan that is returned meanwhile is found as the one or the other.
async fn traced(work: &Work<'_>, undoings: &[Undoing]) -> Result<HashSet<Uuid>, RegisterError> {
    let open: Vec<Uuid> = open_loans::Entity::find()
        .select_only()
        .column(open_loans::Column::Id)
        .filter(open_loans::Column::ItemId.is_in(undoings.iter().filter_map(|row| row.item_id)))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let past: Vec<Uuid> = loan_history::Entity::find()
        .select_only()
        .column(loan_history::Column::Id)
        .filter(loan_history::Column::Id.is_in(undoings.iter().map(|row| row.loan_id)))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(open.into_iter().chain(past).collect())
}

/// The last row of the trail about each of these loans, of those that are not old enough or undo something: a renewal may
/// have been undone before the loan was.
async fn last_said(
    work: &Work<'_>,
    before: Uuid,
    undoings: &[Undoing],
) -> Result<HashMap<Uuid, Uuid>, RegisterError> {
    let said: Vec<(Uuid, Uuid)> = audit::Entity::find()
        .select_only()
        .columns([audit::Column::LoanId, audit::Column::Id])
        .filter(audit::Column::LoanId.is_in(undoings.iter().map(|row| row.loan_id)))
        .filter(Condition::any().add(audit::Column::Id.gte(before)).add(undoes()))
        .order_by_asc(audit::Column::Id)
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(said.into_iter().collect())
}
