//! How far a job goes, and what came of it.

use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Rows of one batch at most: on SQLite a batch holds the one writer meanwhile.
pub const BATCH_MAX: u64 = 500;

/// Rows of one batch where nobody asks for another number.
pub const BATCH_DEFAULT: u64 = 100;

/// How long one batch may take.
const BATCH_LIMIT: Duration = Duration::from_secs(30);

/// How far a job goes.
#[derive(Debug, Clone, Copy)]
pub struct JobOrder {
    /// Rows of one batch, 1 to [`BATCH_MAX`]. Each batch is a transaction of its own.
    pub batch: u64,
    /// How long one batch may take.
    pub batch_limit: Duration,
    /// No batch begins after this.
    pub deadline: Instant,
    /// Whether it is only counted what would be done.
    pub dry_run: bool,
}

impl JobOrder {
    /// Everything that is due, for at most this long.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self {
            batch: BATCH_DEFAULT,
            batch_limit: BATCH_LIMIT,
            deadline: Instant::now() + limit,
            dry_run: false,
        }
    }

    /// The same, only counting.
    #[must_use]
    pub const fn dry(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Rows of one batch, within the bounds.
    #[must_use]
    pub fn batch(&self) -> u64 {
        self.batch.clamp(1, BATCH_MAX)
    }
}

/// What a job did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobReport {
    /// How many of what; cents where the name says so. What did not occur is not in here.
    pub counts: BTreeMap<&'static str, u64>,
    /// Whether nothing is left that was due.
    pub finished: bool,
}

impl JobReport {
    /// A report of a part of the work.
    pub(crate) fn of(counts: impl IntoIterator<Item = (&'static str, u64)>) -> Self {
        let counts = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        Self { counts, finished: false }
    }

    /// How many of this.
    #[must_use]
    pub fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or_default()
    }

    /// Whether nothing was done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    pub(crate) fn add(&mut self, part: Self) {
        for (what, count) in part.counts {
            *self.counts.entry(what).or_default() += count;
        }
    }
}

impl std::fmt::Display for JobReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.counts.is_empty() {
            f.write_str("nothing to do")?;
        }
        for (place, (what, count)) in self.counts.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{what} {count}")?;
        }
        f.write_str(if self.finished { "" } else { "; not finished" })
    }
}
