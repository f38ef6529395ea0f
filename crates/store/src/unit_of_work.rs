//! One transaction for everything that is not hot.
//!
//! The work runs in a task of its own, which no client's cancellation can drop: on PostgreSQL a cancelled `begin`
//! loses later, acknowledged writes, and a cancelled COMMIT leaves nobody who knows how it ended.

use std::{panic::AssertUnwindSafe, sync::atomic::Ordering::Relaxed, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::DatabaseTransaction;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::Instrument;

use crate::{Retryable, Store, StoreError, connect};

/// Tries of one unit of work, the first one included.
pub const UNIT_TRIES_MAX: u32 = 5;
/// The shortest pause before another try.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// The longest pause before another try.
const PAUSE_MAX: Duration = Duration::from_millis(80);

impl Store {
    /// Runs `work` in one transaction and commits it when it returns `Ok`.
    ///
    /// * It runs to its end, or to `deadline`, whether or not this future is still awaited.
    /// * On SQLite the transaction is immediate. It holds the one writer, so keep it short: no hashing, no network.
    /// * An error of `work` rolls back. One that is [`Retryable`] is tried again, at most [`UNIT_TRIES_MAX`] times in
    ///   all and within the deadline, so `work` is called anew each time and must keep nothing outside of the
    ///   transaction.
    /// * A panic rolls back and becomes [`StoreError::Other`].
    /// * Past the deadline the transaction is given up, its connection cut when it does not come back at once, and
    ///   the outcome is unknown if COMMIT was under way.
    /// * A connection lost during COMMIT is [`StoreError::OutcomeUnknown`], which is not retried, unless `E` calls it
    ///   retryable: right for work that looks for its remembered answer first.
    ///
    /// `E` is the operation's own error type, or [`StoreError`] itself. `name` is for logs and traces.
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] turned into `E`.
    pub async fn unit_of_work<T, E, F>(&self, name: &'static str, deadline: Instant, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Retryable + Send + 'static,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let store = self.clone();
        let span = tracing::debug_span!("unit_of_work", name);
        let task = async move { store.tries(name, deadline, &work).await };
        match tokio::spawn(task.instrument(span)).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_panic() => Err(StoreError::PANICKED.into()),
            // The runtime is shutting down.
            Err(_) => Err(StoreError::Unavailable.into()),
        }
    }

    async fn tries<T, E, F>(&self, name: &'static str, deadline: Instant, work: &F) -> Result<T, E>
    where
        E: From<StoreError> + Retryable,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>>,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = Instant::now();
            let error = match self.one_try(name, deadline, work).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let next = Instant::now() + self.pause(tries);
            // Another try like this one would only turn what is known into a deadline that passed.
            let fits = next + begun.elapsed() < deadline;
            if tries >= UNIT_TRIES_MAX || !error.retryable() || !fits {
                return Err(error);
            }
            tracing::debug!(name, tries, "a unit of work is tried again");
            sleep_until(next).await;
        }
    }

    async fn one_try<T, E, F>(&self, name: &'static str, deadline: Instant, work: &F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>>,
    {
        let mut transaction = Box::pin(AssertUnwindSafe(self.transaction(work)).catch_unwind());
        match timeout_at(deadline, &mut transaction).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                tracing::error!(name, "a unit of work panicked");
                Err(StoreError::PANICKED.into())
            }
            Err(_) => {
                // It may be in the middle of a `begin`.
                self.suspicion().raise();
                drop(transaction);
                tracing::warn!(name, "a unit of work passed its deadline");
                Err(StoreError::DeadlinePassed.into())
            }
        }
    }

    async fn transaction<T, E, F>(&self, work: &F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>>,
    {
        let transaction = connect::begin(self.writer()).await?;
        match work(&transaction).await {
            Ok(value) => {
                transaction.commit().await.map_err(|error| StoreError::from(error).during_commit())?;
                Ok(value)
            }
            Err(error) => {
                // When even that fails the connection is gone, and the transaction with it.
                let _ = transaction.rollback().await;
                Err(error)
            }
        }
    }

    /// Full jitter: anything between the shortest pause and one that doubles with each try.
    fn pause(&self, tries: u32) -> Duration {
        let longest = PAUSE_MIN.saturating_mul(1 << tries.min(8)).min(PAUSE_MAX);
        let span_us = u64::try_from((longest - PAUSE_MIN).as_micros()).unwrap_or(u64::MAX);
        let draw = scattered(self.jitter_draws().fetch_add(1, Relaxed));
        PAUSE_MIN + Duration::from_micros(draw % (span_us + 1))
    }
}

/// Spreads consecutive numbers over all of `u64` (the finaliser of SplitMix64).
fn scattered(number: u64) -> u64 {
    let mut bits = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
