//! Goes through a job batch by batch.

use super::{JobOrder, JobReport};
use crate::{Register, RegisterError};
use sea_orm::DatabaseTransaction;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// Between two batches, so that a kiosk that waits for SQLite's one writer gets it.
const PAUSE: Duration = Duration::from_millis(2);

/// Work in batches. Each is a transaction that holds the rows it changes and looks again, so running twice at once, or
/// again after a crash, does nothing twice.
pub(crate) trait Batched: Send + 'static {
    /// Its name, for logs and the audit trail.
    const NAME: &'static str;

    /// Where the next batch begins.
    type Place: Clone + Send + Sync + 'static;

    /// Where the first one begins.
    fn first() -> Self::Place;

    /// One batch: what it did, and where the next one begins; none where nothing is left.
    fn batch(
        work: &Work<'_>,
        place: Self::Place,
    ) -> impl Future<Output = Result<(JobReport, Option<Self::Place>), RegisterError>> + Send;
}

/// A batch at work.
pub(crate) struct Work<'a> {
    /// The register.
    pub(crate) register: &'a Register,
    /// The transaction of the batch.
    pub(crate) transaction: &'a DatabaseTransaction,
    /// Rows at most.
    pub(crate) rows: u64,
    /// Whether it is only counted what would be done.
    pub(crate) dry_run: bool,
}

/// Does every batch until nothing is left or the deadline is over.
pub(crate) async fn in_batches<B: Batched>(
    register: &Arc<Register>,
    order: JobOrder,
) -> Result<JobReport, RegisterError> {
    let mut report = JobReport::default();
    let mut place = Some(B::first());
    while let Some(from) = place {
        if Instant::now() >= order.deadline {
            return Ok(report);
        }
        let (part, next) = one::<B>(register, order, from).await?;
        report.add(part);
        place = next;
        sleep(PAUSE).await;
    }
    report.finished = true;
    Ok(report)
}

async fn one<B: Batched>(
    register: &Arc<Register>,
    order: JobOrder,
    place: B::Place,
) -> Result<(JobReport, Option<B::Place>), RegisterError> {
    let register = Arc::clone(register);
    let deadline = Instant::now() + order.batch_limit;
    let store = Arc::clone(&register.store);
    store
        .unit_of_work(B::NAME, deadline, move |transaction| {
            let (register, place) = (Arc::clone(&register), place.clone());
            Box::pin(async move {
                let work =
                    Work { register: &register, transaction, rows: order.batch(), dry_run: order.dry_run };
                B::batch(&work, place).await
            })
        })
        .await
}
