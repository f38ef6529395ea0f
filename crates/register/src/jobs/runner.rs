//! Runs every job at its time, inside a server.

use super::{Job, JobOrder, JobState, RunOutcome, states};
use crate::{Register, RegisterError};
use std::{sync::Arc, time::Duration};
use tokio::{task::JoinSet, time::sleep};

/// How long one run may take. What is not finished goes on soon after.
const RUN_LIMIT: Duration = Duration::from_secs(10 * 60);

/// Runs every job at its time. Each has a loop of its own, so a long one keeps no other waiting.
pub struct Runner {
    register: Arc<Register>,
}

impl Runner {
    /// The runner of a register.
    #[must_use]
    pub const fn new(register: Arc<Register>) -> Self {
        Self { register }
    }

    /// Runs jobs for as long as it is polled.
    pub async fn run(self) {
        let mut loops = JoinSet::new();
        for job in Job::ALL {
            loops.spawn(follow(Arc::clone(&self.register), *job));
        }
        while let Some(ended) = loops.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a job is not run any more");
            }
        }
    }
}

async fn follow(register: Arc<Register>, job: Job) {
    let mut failing = false;
    loop {
        match run_if_due(&register, job).await {
            Ok(Some(RunOutcome::Ran(report))) => {
                failing = false;
                if !report.is_empty() {
                    tracing::info!(job = job.name(), %report, "a job ran");
                }
            }
            Ok(_) => {}
            // The database may be away; said once.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(job = job.name(), %error, "a job failed; it is tried again");
            }
            Err(_) => {}
        }
        sleep(job.rhythm().look_interval()).await;
    }
}

/// Runs a job if it is due by its rhythm; none where it is not.
///
/// # Errors
/// [`RegisterError`] of the batch that failed.
pub async fn run_if_due(register: &Arc<Register>, job: Job) -> Result<Option<RunOutcome>, RegisterError> {
    let state = state_of(register, job).await?;
    let moment = register.surroundings.moment();
    if moment.at() < job.rhythm().due_from(state.last, &moment) {
        return Ok(None);
    }
    register.run_job(job, JobOrder::within(RUN_LIMIT)).await.map(Some)
}

async fn state_of(register: &Register, job: Job) -> Result<JobState, RegisterError> {
    let mut states = states(register.store.readers()).await?;
    Ok(states.remove(job.name()).unwrap_or_default())
}
