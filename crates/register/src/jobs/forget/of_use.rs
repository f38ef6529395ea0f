//! Forgets what devices and staff needed for a while: answers kept for replay, tries of a PIN, sessions, codes, and the
//! runs of jobs.

use super::super::{Batched, JobReport, Work};
use crate::RegisterError;
use chrono::TimeDelta;
use kortisto_store::queries::by_age::{self, Aged};

/// Days for which a request id is answered as before: the contract promises thirty.
const REPLAY_DAYS: i64 = 35;

/// Days for which the runs of jobs are kept, a little more than a year.
const RUN_DAYS: i64 = 400;

/// What is forgotten after how many days. A session goes after the last answer that is repeated within it.
const KEPT: [(Aged, i64); 6] = [
    (by_age::REMEMBERED_ANSWERS, REPLAY_DAYS),
    (by_age::PIN_ATTEMPTS, REPLAY_DAYS),
    (by_age::PATRON_SESSIONS, REPLAY_DAYS + 1),
    (by_age::STAFF_SESSIONS, REPLAY_DAYS + 1),
    (by_age::ENROLMENT_CODES, REPLAY_DAYS),
    (by_age::JOB_RUNS, RUN_DAYS),
];

/// The job.
pub(crate) struct ForgetUse;

impl Batched for ForgetUse {
    const NAME: &'static str = "forget_use";

    /// The place in the list of tables.
    type Place = usize;

    fn first() -> usize {
        0
    }

    async fn batch(work: &Work<'_>, place: usize) -> Result<(JobReport, Option<usize>), RegisterError> {
        let Some((table, days)) = KEPT.get(place).copied() else { return Ok((JobReport::default(), None)) };
        let before = work.register.surroundings.moment().at() - TimeDelta::days(days);
        let (rows, whole) = if work.dry_run {
            (table.count(work.transaction, before).await?, false)
        } else {
            let rows = table.delete(work.transaction, before, work.rows).await?;
            (rows, rows >= work.rows)
        };
        let next = if whole { place } else { place + 1 };
        Ok((JobReport::of([(table.table(), rows)]), Some(next)))
    }
}
