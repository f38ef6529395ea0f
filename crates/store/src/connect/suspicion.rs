//! A `begin` was given up: for a while, no connection is trusted to be outside a transaction.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

/// How long connections that come back to the pool are asked whether they are in a transaction. The one that was
/// given up comes back within moments; the rest is for a runtime that stalls.
const SUSPICION_HELD: Duration = Duration::from_secs(60);

/// Raised when a unit of work gives up at its deadline, perhaps in the middle of a `begin`.
///
/// sqlx 0.9.0 hands such a connection back to its pool as if no transaction had been opened
/// (transact-rs/sqlx#4393), and whatever is then written on it is acknowledged and never committed.
#[derive(Debug)]
pub(crate) struct Suspicion {
    start: Instant,
    until_ms: AtomicU64,
}

impl Suspicion {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), until_ms: AtomicU64::new(0) }
    }

    /// To be called before the future that may be in a `begin` is dropped.
    pub(crate) fn raise(&self) {
        let until = self.start.elapsed() + SUSPICION_HELD;
        self.until_ms.fetch_max(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn is_raised(&self) -> bool {
        self.start.elapsed().as_millis() < u128::from(self.until_ms.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn suspicion_is_held_for_a_while_after_it_was_raised_last() {
        let suspicion = Suspicion::new();
        assert!(!suspicion.is_raised());
        suspicion.raise();
        assert!(suspicion.is_raised());
        tokio::time::advance(Duration::from_secs(40)).await;
        suspicion.raise();
        tokio::time::advance(Duration::from_secs(40)).await;
        assert!(suspicion.is_raised());
        tokio::time::advance(Duration::from_secs(21)).await;
        assert!(!suspicion.is_raised());
    }
}
