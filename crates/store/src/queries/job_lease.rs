//! Who is at a job. The lease spares servers the work; nothing becomes wrong where two hold it.

use crate::{StoreError, entities::jobs};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, OnConflict},
};
use uuid::Uuid;

/// Takes a job, or keeps it, until `until`; gives whether it is `holder`'s now.
///
/// # Errors
/// [`StoreError`].
pub async fn hold(
    connection: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let row = jobs::ActiveModel {
        name: Set(name.to_owned()),
        holder: Set(Some(holder)),
        held_until: Set(Some(until)),
        finished: Set(None),
        failed: Set(None),
        failure: Set(None),
    };
    let of_row = |column: jobs::Column| Expr::col((jobs::Entity, column));
    let free = of_row(jobs::Column::HeldUntil)
        .is_null()
        .or(of_row(jobs::Column::HeldUntil).lte(now))
        .or(of_row(jobs::Column::Holder).eq(holder));
    let taken = OnConflict::column(jobs::Column::Name)
        .update_columns([jobs::Column::Holder, jobs::Column::HeldUntil])
        .action_and_where(free)
        .to_owned();
    let rows = jobs::Entity::insert(row).on_conflict(taken).exec_without_returning(connection).await?;
    Ok(rows == 1)
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// When the run began, if it finished.
    pub finished: Option<DateTime<Utc>>,
    /// When it ended, if it did not.
    pub failed: Option<DateTime<Utc>>,
    /// Why it failed; none where it was only cut short.
    pub failure: Option<String>,
}

/// Notes how a run ended, and gives the job back.
///
/// # Errors
/// [`StoreError`].
pub async fn release(
    connection: &impl ConnectionTrait,
    name: &str,
    holder: Uuid,
    ended: Ended,
) -> Result<(), StoreError> {
    let mut update = jobs::Entity::update_many()
        .col_expr(jobs::Column::Holder, Expr::value(None::<Uuid>))
        .col_expr(jobs::Column::HeldUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(jobs::Column::Failed, Expr::value(ended.failed))
        .col_expr(jobs::Column::Failure, Expr::value(ended.failure));
    if ended.finished.is_some() {
        update = update.col_expr(jobs::Column::Finished, Expr::value(ended.finished));
    }
    let of_holder = jobs::Column::Name.eq(name).and(jobs::Column::Holder.eq(holder));
    update.filter(of_holder).exec(connection).await?;
    Ok(())
}
