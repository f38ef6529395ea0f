//! What a lane has done so far, for metrics and tests.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A reading of a lane's counters. All but `queue_depth` only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LaneStats {
    /// Turns that committed.
    pub turns: u64,
    /// Operations answered by a turn that committed.
    pub operations: u64,
    /// Times an operation was put off to the next turn, by itself or by one whose keys it shares.
    pub deferred: u64,
    /// Times a failed turn was cut into parts.
    pub halved: u64,
    /// Times a turn was run again unchanged.
    pub retried: u64,
    /// Times the connection was thrown away.
    pub recovered: u64,
    /// Operations answered with an error of the desk, or as panicked.
    pub failed: u64,
    /// Calls refused because the queue was full, or because an operation had been put off too often.
    pub busy: u64,
    /// Operations never begun: their caller had gone or their deadline had passed.
    pub skipped: u64,
    /// Panics caught.
    pub panics: u64,
    /// Operations waiting or in a turn at this moment.
    pub queue_depth: u64,
}

/// The counters behind [`LaneStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) turns: Counter,
    pub(super) operations: Counter,
    pub(super) deferred: Counter,
    pub(super) halved: Counter,
    pub(super) retried: Counter,
    pub(super) recovered: Counter,
    pub(super) failed: Counter,
    pub(super) busy: Counter,
    pub(super) skipped: Counter,
    pub(super) panics: Counter,
}

impl Counters {
    pub(super) fn read(&self, queue_depth: usize) -> LaneStats {
        LaneStats {
            turns: self.turns.read(),
            operations: self.operations.read(),
            deferred: self.deferred.read(),
            halved: self.halved.read(),
            retried: self.retried.read(),
            recovered: self.recovered.read(),
            failed: self.failed.read(),
            busy: self.busy.read(),
            skipped: self.skipped.read(),
            panics: self.panics.read(),
            queue_depth: queue_depth as u64,
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Relaxed);
    }

    pub(super) fn increment(&self) {
        self.add(1);
    }

    fn read(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
