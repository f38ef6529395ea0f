//! What is asked of a connection that comes back to the pool.
//!
//! Usually nothing: a question each time would be one more round trip for every read.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

/// How long connections that come back are asked whether they are in a transaction, after a unit of work was given
/// up. Its connection comes back within moments; the rest is for a runtime that stalls.
const SUSPICION_HELD: Duration = Duration::from_secs(60);
/// How long one answer stands for the life of the server. A connection that comes back in that time from a server
/// that has just frozen is not noticed, and stays out of the pool until the server thaws or its socket dies.
const LIFE_TRUSTED: Duration = Duration::from_millis(100);

/// What to ask a connection that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Nothing.
    None,
    /// Whether the server answers.
    Alive,
    /// Whether it is outside of a transaction.
    OutsideTransaction,
}

/// Raised when a unit of work gives up at its deadline, perhaps in the middle of a `begin`.
///
/// sqlx 0.9.0 hands such a connection back to its pool as if no transaction had been opened
/// (transact-rs/sqlx#4393), and whatever is then written on it is acknowledged and never committed.
#[derive(Debug)]
pub(crate) struct Suspicion {
    start: Instant,
    /// Milliseconds since `start`.
    held_until_ms: AtomicU64,
    /// Milliseconds since `start`.
    alive_until_ms: AtomicU64,
}

impl Suspicion {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), held_until_ms: AtomicU64::new(0), alive_until_ms: AtomicU64::new(0) }
    }

    /// To be called before the future that may be in a `begin` is dropped.
    pub(crate) fn raise(&self) {
        self.held_until_ms.fetch_max(self.now_ms() + milliseconds(SUSPICION_HELD), Relaxed);
    }

    /// The server has answered.
    pub(super) fn note_alive(&self) {
        self.alive_until_ms.fetch_max(self.now_ms() + milliseconds(LIFE_TRUSTED), Relaxed);
    }

    pub(super) fn question(&self) -> Question {
        let now_ms = self.now_ms();
        if now_ms < self.held_until_ms.load(Relaxed) {
            Question::OutsideTransaction
        } else if now_ms < self.alive_until_ms.load(Relaxed) {
            Question::None
        } else {
            Question::Alive
        }
    }

    fn now_ms(&self) -> u64 {
        milliseconds(self.start.elapsed())
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn suspicion_is_held_for_a_while_after_it_was_raised_last() {
        let suspicion = Suspicion::new();
        suspicion.raise();
        advance(Duration::from_secs(40)).await;
        suspicion.raise();
        advance(Duration::from_secs(40)).await;
        // A sign of life does not dispel it.
        suspicion.note_alive();
        assert_eq!(suspicion.question(), Question::OutsideTransaction);
        advance(Duration::from_secs(21)).await;
        assert_eq!(suspicion.question(), Question::Alive);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sign_of_life_is_trusted_for_a_moment() {
        let suspicion = Suspicion::new();
        assert_eq!(suspicion.question(), Question::Alive);
        suspicion.note_alive();
        assert_eq!(suspicion.question(), Question::None);
        advance(LIFE_TRUSTED).await;
        assert_eq!(suspicion.question(), Question::Alive);
    }
}
