//! Time-driven work, when a test says so.

use super::TestRegister;
use kortisto_register::jobs::{Job, JobOrder, JobReport, RunOutcome};
use std::time::Duration;

/// Rows of one batch: few, so that every job of a test takes several.
const BATCH: u64 = 2;

/// Longer than any job of a test takes.
const LIMIT: Duration = Duration::from_secs(60);

impl TestRegister {
    /// Runs a job to its end, in batches of two rows.
    ///
    /// # Panics
    /// When the job fails, or another one holds it.
    pub async fn job(&self, job: Job) -> JobReport {
        self.ran(job, JobOrder { batch: BATCH, ..JobOrder::within(LIMIT) }).await
    }

    /// What a job would do.
    ///
    /// # Panics
    /// When the job fails.
    pub async fn job_dry(&self, job: Job) -> JobReport {
        self.ran(job, JobOrder { batch: BATCH, ..JobOrder::within(LIMIT) }.dry()).await
    }

    async fn ran(&self, job: Job, order: JobOrder) -> JobReport {
        match self.register.run_job(job, order).await.expect("a job") {
            RunOutcome::Ran(report) => report,
            RunOutcome::HeldElsewhere => panic!("{} is held by somebody else", job.name()),
        }
    }
}
