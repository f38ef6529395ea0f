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
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement},
};
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
    let found: Vec<(Uuid, Uuid)> = audit::Entity::find()
        .select_only()
        .columns([audit::Column::Id, audit::Column::LoanId])
        .filter(audit::Column::Id.gt(after))
        .filter(audit::Column::Id.lt(before))
        .filter(Expr::col((audit::Entity, audit::Column::Action)).eq(undoing()))
        .filter(audit::Column::Granted.eq(true))
        .filter(audit::Column::LoanId.is_not_null())
        .filter(Expr::exists(goes_on()).not())
        .filter(Expr::exists(was_returned()).not())
        .filter(Expr::exists(said_later(before)).not())
        .order_by_asc(audit::Column::Id)
        .limit(work.rows)
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let next = found.last().filter(|_| found.len() as u64 >= work.rows).map(|(row, _)| *row);
    let report = JobReport::of([("undone_loans_in_trail", found.len() as u64)]);
    if !work.dry_run && !found.is_empty() {
        let loans: Vec<Uuid> = found.into_iter().map(|(_, loan)| loan).collect();
        traces::of_loans(work.transaction, &loans).await?;
    }
    Ok((report, next))
}

/// The action of rows that undo. It stands in the statement as it does in the index of such rows, which would not be used
/// for a word that is bound.
fn undoing() -> Expr {
    Expr::cust("'cancel_checkout'")
}

/// The open loan of a row: it was renewed, and the renewal was undone.
fn goes_on() -> SelectStatement {
    use open_loans::{Column, Entity};
    Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::ItemId)).equals((audit::Entity, audit::Column::ItemId)))
        .and_where(Expr::col((Entity, Column::Id)).equals((audit::Entity, audit::Column::LoanId)))
        .take()
}

/// The same once it was returned: its rows go with its trace.
fn was_returned() -> SelectStatement {
    use loan_history::{Column, Entity};
    Query::select()
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Expr::col((Entity, Column::Id)).equals((audit::Entity, audit::Column::LoanId)))
        .take()
}

/// What the trail says of the loan that is not old enough, or that undoes it after this row.
fn said_later(before: Uuid) -> SelectStatement {
    let later = Alias::new("later");
    let of_later = |column| Expr::col((later.clone(), column));
    let undoes = of_later(audit::Column::Action).eq(undoing());
    let behind = of_later(audit::Column::Id).gt(Expr::col((audit::Entity, audit::Column::Id)));
    Query::select()
        .expr(Expr::value(1))
        .from_as(audit::Entity, later.clone())
        .and_where(of_later(audit::Column::LoanId).equals((audit::Entity, audit::Column::LoanId)))
        .and_where(of_later(audit::Column::Id).gte(before).or(undoes.and(behind)))
        .take()
}
