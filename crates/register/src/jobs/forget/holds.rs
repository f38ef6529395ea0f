//! Forgets who held what: holds that are over, and what was held where nothing is owed for not picking it up any more,
//! once the days of the trace are over (A77).

use super::{
    super::{Batched, JobReport, Work},
    trail,
};
use crate::RegisterError;
use chrono::{DateTime, Utc};
use kortisto_domain::history;
use kortisto_store::{
    StoreError,
    entities::{fees, holds, notice_lines},
    queries::keyset,
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use uuid::Uuid;

/// The job.
pub(crate) struct ForgetHolds;

impl Batched for ForgetHolds {
    const NAME: &'static str = "forget_holds";

    /// The last hold that was looked at, by the moment at which it was over.
    type Place = Option<(DateTime<Utc>, Uuid)>;

    fn first() -> Self::Place {
        None
    }

    async fn batch(
        work: &Work<'_>,
        place: Self::Place,
    ) -> Result<(JobReport, Option<Self::Place>), RegisterError> {
        let moment = work.register.surroundings.moment();
        let rulebook = work.register.rulebook_in(work.transaction).await?;
        let days = rulebook.policies.retention(moment.today()).item_trace_days;
        let before = moment.start_of(history::traced_from(days, moment.today()));
        let over = over(work, before, place).await?;
        let next = over.last().filter(|_| over.len() as u64 >= work.rows).copied().map(Some);
        let report = JobReport::of([("forgotten_holds", over.len() as u64)]);
        if work.dry_run || over.is_empty() {
            return Ok((report, next));
        }
        let ids = || over.iter().map(|(_, id)| *id);
        fees::Entity::update_many()
            .col_expr(fees::Column::ItemId, Expr::value(None::<i64>))
            .filter(fees::Column::HoldId.is_in(ids()))
            .exec(work.transaction)
            .await
            .map_err(StoreError::from)?;
        trail::of_holds(work.transaction, ids()).await?;
        notice_lines::Entity::delete_many()
            .filter(notice_lines::Column::HoldId.is_in(ids()))
            .exec(work.transaction)
            .await
            .map_err(StoreError::from)?;
        holds::Entity::delete_many()
            .filter(holds::Column::Id.is_in(ids()))
            .exec(work.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok((report, next))
    }
}

/// Holds that were over before this and for which nothing is owed.
async fn over(
    work: &Work<'_>,
    before: DateTime<Utc>,
    place: Option<(DateTime<Utc>, Uuid)>,
) -> Result<Vec<(DateTime<Utc>, Uuid)>, RegisterError> {
    use holds::Column::{ClosedAt, Id};
    let owed = Query::select()
        .expr(Expr::value(1))
        .from(fees::Entity)
        .and_where(Expr::col((fees::Entity, fees::Column::HoldId)).equals((holds::Entity, Id)))
        .and_where(Expr::col((fees::Entity, fees::Column::OpenCents)).gt(0))
        .take();
    let mut query = holds::Entity::find()
        .select_only()
        .columns([ClosedAt, Id])
        .filter(ClosedAt.lt(before))
        .filter(Expr::exists(owed).not())
        .order_by_asc(ClosedAt)
        .order_by_asc(Id)
        .limit(work.rows);
    if let Some((at, id)) = place {
        query = query.filter(keyset::behind((ClosedAt, at), (Id, id)));
    }
    Ok(query.into_tuple().all(work.transaction).await.map_err(StoreError::from)?)
}
