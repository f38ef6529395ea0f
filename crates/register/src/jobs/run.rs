//! One run of a job, and what is known of those before.

use super::{Job, JobOrder, JobReport, LastRuns};
use crate::{Register, RegisterError};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_store::{
    StoreError,
    entities::{job_runs, jobs},
    queries::job_lease::{self, Ended},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

/// For how long a server has a job before another one may take it. A server that is at it takes it again long before.
pub const HELD_FOR: TimeDelta = TimeDelta::seconds(60);

/// How often a server that is at a job takes it again.
const KEEP_INTERVAL: Duration = Duration::from_secs(15);

/// How long taking, keeping or giving back may take.
const LEASE_LIMIT: Duration = Duration::from_secs(5);

/// What came of wanting to run a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// It ran.
    Ran(JobReport),
    /// Another server or command is at it.
    HeldElsewhere,
}

impl Register {
    /// Runs a job now, if nobody else is at it. A dry run changes nothing, takes no lease and is not noted.
    ///
    /// # Errors
    /// [`RegisterError`] of the batch that failed; those before it stay done.
    pub async fn run_job(self: &Arc<Self>, job: Job, order: JobOrder) -> Result<RunOutcome, RegisterError> {
        if order.dry_run {
            return job.work(self, order).await.map(RunOutcome::Ran);
        }
        let begun = self.surroundings.moment().at();
        let holder = self.surroundings.new_id(begun);
        if !self.hold_job(job, holder).await? {
            return Ok(RunOutcome::HeldElsewhere);
        }
        let outcome = {
            let work = job.work(self, order);
            tokio::pin!(work);
            let mut ticks = interval(KEEP_INTERVAL);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    outcome = &mut work => break outcome,
                    _ = ticks.tick() => {
                        // Without the lease another server may begin as well, which changes nothing twice.
                        if let Err(error) = self.hold_job(job, holder).await {
                            tracing::warn!(job = job.name(), %error, "the lease of a job could not be kept");
                        }
                    }
                }
            }
        };
        self.note_run(job, holder, begun, &outcome).await?;
        outcome.map(RunOutcome::Ran)
    }

    async fn hold_job(&self, job: Job, holder: Uuid) -> Result<bool, RegisterError> {
        let now = self.surroundings.moment().at();
        self.store
            .unit_of_work("hold_job", Instant::now() + LEASE_LIMIT, move |transaction| {
                Box::pin(async move {
                    let held = job_lease::hold(transaction, job.name(), holder, now, now + HELD_FOR).await?;
                    Ok::<_, RegisterError>(held)
                })
            })
            .await
    }

    async fn note_run(
        &self,
        job: Job,
        holder: Uuid,
        begun: DateTime<Utc>,
        outcome: &Result<JobReport, RegisterError>,
    ) -> Result<(), RegisterError> {
        let ended_at = self.surroundings.moment().at();
        let nothing = JobReport::default();
        let (report, failure) = match outcome {
            Ok(report) => (report, None),
            Err(error) => (&nothing, Some(error.to_string())),
        };
        let finished = report.finished;
        let ended = Ended {
            finished: finished.then_some(begun),
            failed: (!finished).then_some(ended_at),
            failure: failure.clone(),
        };
        // What found nothing to do is not worth a row: some jobs look every few seconds.
        let run = (!report.is_empty() || !finished).then(|| job_runs::ActiveModel {
            id: Set(holder),
            job: Set(job.name().to_owned()),
            started_at: Set(begun),
            ended_at: Set(ended_at),
            finished: Set(finished),
            report: Set(serde_json::to_string(&report.counts).expect("counts are numbers")),
            failure: Set(failure),
        });
        self.store
            .unit_of_work("note_run", Instant::now() + LEASE_LIMIT, move |transaction| {
                let (ended, run) = (ended.clone(), run.clone());
                Box::pin(async move {
                    job_lease::release(transaction, job.name(), holder, ended).await?;
                    if let Some(run) = run {
                        run.insert(transaction).await.map_err(StoreError::from)?;
                    }
                    Ok::<_, RegisterError>(())
                })
            })
            .await
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobState {
    /// Its last runs.
    pub last: LastRuns,
    /// Why the last one failed.
    pub failure: Option<String>,
    /// Until when somebody is at it, unless they take it again.
    pub held_until: Option<DateTime<Utc>>,
}

/// Where every job stands that has run.
///
/// # Errors
/// [`RegisterError`].
pub async fn states(connection: &impl ConnectionTrait) -> Result<HashMap<String, JobState>, RegisterError> {
    let rows = jobs::Entity::find().all(connection).await.map_err(StoreError::from)?;
    let state = |row: jobs::Model| {
        let last = LastRuns { finished: row.finished, failed: row.failed };
        (row.name, JobState { last, failure: row.failure, held_until: row.held_until })
    };
    Ok(rows.into_iter().map(state).collect())
}

/// The last runs that did something or failed, the newest first.
///
/// # Errors
/// [`RegisterError`].
pub async fn history(
    connection: &impl ConnectionTrait,
    job: Option<Job>,
    runs: u64,
) -> Result<Vec<job_runs::Model>, RegisterError> {
    let mut query = job_runs::Entity::find().order_by_desc(job_runs::Column::StartedAt).limit(runs);
    if let Some(job) = job {
        query = query.filter(job_runs::Column::Job.eq(job.name()));
    }
    Ok(query.all(connection).await.map_err(StoreError::from)?)
}
