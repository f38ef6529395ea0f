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
    Engine, StoreError,
    entities::{fees, holds, notice_lines},
    queries::{keyset, locks},
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use std::collections::HashSet;
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
        let mut over = over(work, before, place).await?;
        let next = over.last().filter(|_| over.len() as u64 >= work.rows);
        let next = next.map(|last| Some((last.closed_at, last.id)));
        if !work.dry_run {
            // Whoever pays a fee back holds the patron: what is read now stands until the hold has gone.
            let of_patron =
                |hold: &Over| locks::Key { patron_id: Some(hold.patron_id), ..Default::default() };
            let keys: Vec<_> = over.iter().map(of_patron).collect();
            locks::take(work.transaction, Engine::of(work.transaction), &keys).await?;
        }
        let owed = owed(work, &over).await?;
        over.retain(|hold| !owed.contains(&hold.id));
        let report = JobReport::of([("forgotten_holds", over.len() as u64)]);
        if work.dry_run || over.is_empty() {
            return Ok((report, next));
        }
        let ids = || over.iter().map(|hold| hold.id);
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

/// A hold that is over.
#[derive(FromQueryResult)]
struct Over {
    id: Uuid,
    patron_id: i64,
    closed_at: DateTime<Utc>,
}

/// Holds that were over before this, in the order in which they were.
async fn over(
    work: &Work<'_>,
    before: DateTime<Utc>,
    place: Option<(DateTime<Utc>, Uuid)>,
) -> Result<Vec<Over>, RegisterError> {
    use holds::Column::{ClosedAt, Id, PatronId};
    let mut query = holds::Entity::find()
        .select_only()
        .columns([Id, PatronId, ClosedAt])
        .filter(ClosedAt.lt(before))
        .order_by_asc(ClosedAt)
        .order_by_asc(Id)
        .limit(work.rows);
    if let Some((at, id)) = place {
        query = query.filter(keyset::behind((ClosedAt, at), (Id, id)));
    }
    Ok(query.into_model().all(work.transaction).await.map_err(StoreError::from)?)
}

/// Those of them for which something is owed.
async fn owed(work: &Work<'_>, holds: &[Over]) -> Result<HashSet<Uuid>, RegisterError> {
    let found: Vec<Uuid> = fees::Entity::find()
        .select_only()
        .column(fees::Column::HoldId)
        .filter(fees::Column::HoldId.is_in(holds.iter().map(|hold| hold.id)))
        .filter(fees::Column::OpenCents.gt(0))
        .into_tuple()
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found.into_iter().collect())
}
