//! Bounds how much one row may read: a quote that is never closed would take the whole file into memory.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Longest row, in bytes.
pub(crate) const ROW_BYTES_MAX: u64 = 64 * 1024;

/// How much is read at once, in bytes: a row may come with that much of what follows it.
pub(crate) const READ_AHEAD_BYTES: usize = 64 * 1024;

/// What has been read, and how far reading may go.
#[derive(Debug)]
pub(crate) struct Meter {
    row_bytes_max: u64,
    read: AtomicU64,
    limit: AtomicU64,
    passed: AtomicBool,
}

impl Meter {
    /// Of rows that are at most so long, in bytes.
    pub(crate) const fn new(row_bytes_max: u64) -> Self {
        let (read, limit) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { row_bytes_max, read, limit, passed: AtomicBool::new(false) }
    }

    /// Another row begins.
    pub(crate) fn next_row(&self) {
        self.limit.store(self.read.load(Relaxed) + self.row_bytes_max, Relaxed);
    }

    /// How much has been read, in bytes.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// Whether a row was longer than it may be.
    pub(crate) fn passed(&self) -> bool {
        self.passed.load(Relaxed)
    }
}

/// A reader under a meter.
pub(crate) struct Metered<R> {
    inner: R,
    meter: Arc<Meter>,
}

impl<R> Metered<R> {
    pub(crate) fn new(inner: R, meter: Arc<Meter>) -> Self {
        meter.next_row();
        Self { inner, meter }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.meter.read.load(Relaxed) > self.meter.limit.load(Relaxed) {
            self.meter.passed.store(true, Relaxed);
            return Err(io::Error::other("a row is longer than it may be"));
        }
        let read = self.inner.read(buffer)?;
        self.meter.read.fetch_add(read as u64, Relaxed);
        Ok(read)
    }
}
