//! Forgets what was sent to whom, a little more than a year after it was written. What waits is kept until it is settled.

use super::super::{Batched, JobReport, Work};
use crate::{RegisterError, audit::first_id_at};
use chrono::TimeDelta;
use kortisto_domain::NoticeState;
use kortisto_store::{
    StoreError,
    entities::{notice_lines, notices},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

/// Days for which a notice stays on record: until the bill of a loan that it reminded of can no longer be disputed at a
/// desk.
const NOTICE_DAYS: i64 = 400;

/// The job.
pub(crate) struct ForgetNotices;

impl Batched for ForgetNotices {
    const NAME: &'static str = "forget_notices";

    /// The last notice that was looked at.
    type Place = Uuid;

    fn first() -> Uuid {
        Uuid::nil()
    }

    async fn batch(work: &Work<'_>, after: Uuid) -> Result<(JobReport, Option<Uuid>), RegisterError> {
        let before = work.register.surroundings.moment().at() - TimeDelta::days(NOTICE_DAYS);
        let old: Vec<Uuid> = notices::Entity::find()
            .select_only()
            .column(notices::Column::Id)
            .filter(notices::Column::Id.gt(after))
            .filter(notices::Column::Id.lt(first_id_at(before)))
            .filter(notices::Column::State.ne(NoticeState::Waiting.code()))
            .order_by_asc(notices::Column::Id)
            .limit(work.rows)
            .into_tuple()
            .all(work.transaction)
            .await
            .map_err(StoreError::from)?;
        let next = old.last().copied().filter(|_| old.len() as u64 >= work.rows);
        let report = JobReport::of([("forgotten_notices", old.len() as u64)]);
        if work.dry_run || old.is_empty() {
            return Ok((report, next));
        }
        notice_lines::Entity::delete_many()
            .filter(notice_lines::Column::NoticeId.is_in(old.iter().copied()))
            .exec(work.transaction)
            .await
            .map_err(StoreError::from)?;
        notices::Entity::delete_many()
            .filter(notices::Column::Id.is_in(old))
            .exec(work.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok((report, next))
    }
}
