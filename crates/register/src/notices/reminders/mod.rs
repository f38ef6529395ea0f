//! Loans that are about to fall due, and loans that are late (A58, A59): the jobs that remind of them.
//!
//! They go through the patrons with loans in the order of their keys, hold those with such loans and the items, and look
//! again. A batch writes notices, marks and fees together.

mod found;
mod write;

use crate::{
    RegisterError,
    jobs::{Batched, JobReport, Work},
};
use found::Found;
use kortisto_domain::NoticeKind;
use kortisto_store::{Engine, StoreError, entities::open_loans, queries::changes};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use write::Writer;

/// The job that writes the due-date reminders of today (A58).
pub(crate) struct RemindDue;

/// The job that writes today's reminders of late loans, and charges for them (A59).
pub(crate) struct RemindOverdue;

/// Which loans are reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reminding {
    /// Those about to fall due.
    Due,
    /// Those that are late.
    Overdue,
}

impl Batched for RemindDue {
    const NAME: &'static str = "remind_due";

    /// The last patron who was looked at.
    type Place = i64;

    fn first() -> i64 {
        0
    }

    async fn batch(work: &Work<'_>, after: i64) -> Result<(JobReport, Option<i64>), RegisterError> {
        batch(work, Reminding::Due, after).await
    }
}

impl Batched for RemindOverdue {
    const NAME: &'static str = "remind_overdue";

    /// The last patron who was looked at.
    type Place = i64;

    fn first() -> i64 {
        0
    }

    async fn batch(work: &Work<'_>, after: i64) -> Result<(JobReport, Option<i64>), RegisterError> {
        batch(work, Reminding::Overdue, after).await
    }
}

impl Reminding {
    const fn kind(self) -> NoticeKind {
        match self {
            Self::Due => NoticeKind::DueReminder,
            Self::Overdue => NoticeKind::Overdue,
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Due => RemindDue::NAME,
            Self::Overdue => RemindOverdue::NAME,
        }
    }
}

async fn batch(
    work: &Work<'_>,
    reminding: Reminding,
    after: i64,
) -> Result<(JobReport, Option<i64>), RegisterError> {
    let keys = borrowers_behind(work, after).await?;
    let next = keys.last().copied().filter(|_| keys.len() as u64 >= work.rows);
    let mut found = Found::read(work, reminding, &keys).await?;
    // Nobody is held for whom nothing is due.
    found.keep_likely()?;
    if !work.dry_run && !found.loans.is_empty() {
        // What was due may come back while this waits.
        let keys = found.lock(work).await?;
        found = Found::read(work, reminding, &keys).await?;
        found.keep_likely()?;
    }
    if found.loans.is_empty() {
        return Ok((JobReport::default(), next));
    }
    found.look_closer(work).await?;
    let mut writer = Writer::new(work.register, &found);
    writer.write_all()?;
    let report = writer.report();
    if !work.dry_run {
        let (at, today) = (found.moment.at(), found.moment.today());
        let Writer { changes: new, marks, .. } = writer;
        changes::apply(work.transaction, Engine::of(work.transaction), new, at, today).await?;
        marks.write(work.transaction).await?;
    }
    Ok((report, next))
}

/// Patrons who have loans, whichever, in the order of their keys: to look for certain loans here would make a batch read
/// on until it has found as many.
async fn borrowers_behind(work: &Work<'_>, after: i64) -> Result<Vec<i64>, RegisterError> {
    let found = open_loans::Entity::find()
        .select_only()
        .column(open_loans::Column::PatronId)
        .distinct()
        .filter(open_loans::Column::PatronId.gt(after))
        .order_by_asc(open_loans::Column::PatronId)
        .limit(work.rows)
        .into_tuple()
        .all(work.transaction);
    Ok(found.await.map_err(StoreError::from)?)
}
