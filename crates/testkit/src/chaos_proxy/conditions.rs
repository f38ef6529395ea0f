//! What the network is like just now.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// Which way bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer = 0,
    /// From the server to the client.
    ToClient = 1,
}

/// Whether new connections get in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// They do.
    #[default]
    Open,
    /// They shall not.
    Refused,
    /// They do not: the port is closed.
    Closed,
}

impl Reach {
    /// What has become of it once the port is closed. Nothing, if it has been opened again meanwhile.
    pub(super) fn closed(self) -> Self {
        match self {
            Self::Refused => Self::Closed,
            other => other,
        }
    }
}

/// The faults in force. The arrays are indexed by [`Direction`].
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) delays: [Duration; 2],
    pub(super) cuts: [Option<Cut>; 2],
    pub(super) frozen: bool,
    pub(super) reach: Reach,
    /// How often everything has been severed.
    pub(super) severed: u64,
}

/// A cut that is waiting for its byte, or has been made.
#[derive(Clone, Debug)]
pub struct Cut {
    state: Arc<CutState>,
}

#[derive(Debug)]
struct CutState {
    bytes_left: AtomicU64,
    made: AtomicBool,
}

impl Cut {
    pub(super) fn after(bytes: u64) -> Self {
        Self { state: Arc::new(CutState { bytes_left: AtomicU64::new(bytes), made: AtomicBool::new(false) }) }
    }

    /// Whether a connection has been severed by it.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.state.made.load(Ordering::SeqCst)
    }

    /// How many of `wanted` bytes may pass, and whether the connection is to be severed after them.
    pub(super) fn allow(&self, wanted: usize) -> (usize, bool) {
        if self.is_made() {
            return (wanted, false);
        }
        let take = |left: u64| Some(left.saturating_sub(wanted as u64));
        let left = self.state.bytes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
        let left = usize::try_from(left.unwrap_or_else(|same| same)).unwrap_or(usize::MAX);
        if left >= wanted {
            return (wanted, false);
        }
        // Two connections may run into it at once; one of them makes it.
        let first = !self.state.made.swap(true, Ordering::SeqCst);
        if first { (left, true) } else { (wanted, false) }
    }
}

#[cfg(test)]
mod tests {
    use super::Cut;

    #[test]
    fn lets_its_bytes_through_and_severs_once() {
        let cut = Cut::after(10);
        assert_eq!(cut.allow(4), (4, false));
        assert_eq!(cut.allow(6), (6, false));
        assert!(!cut.is_made());
        assert_eq!(cut.allow(1), (0, true));
        assert!(cut.is_made());
        assert_eq!(cut.allow(5), (5, false));
    }

    #[test]
    fn severs_in_the_middle_of_a_piece() {
        let cut = Cut::after(3);
        assert_eq!(cut.allow(8), (3, true));
    }
}
