//! Keys whose operations keep failing alone.
//!
//! Finding the operation at fault costs a turn some twice the logarithm of its size, and a row that cannot be
//! written is asked for again and again: a kiosk's user scans the same book until somebody helps. So an operation
//! on such a key is kept apart from the start and costs only its own try.

use std::collections::HashMap;

/// Failures on a key, none of its operations having gone through since, that make it suspect. One is not enough:
/// the patron who scanned the book at fault is not at fault.
const STRIKES: u32 = 2;
/// Keys remembered. Beyond that all are forgotten, and found again by halving.
const KEYS_MAX: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Suspects {
    strikes: HashMap<u64, u32>,
}

impl Suspects {
    /// Whether an operation with these keys is to be kept apart.
    pub(super) fn any(&self, keys: &[u64]) -> bool {
        !self.strikes.is_empty()
            && keys.iter().any(|key| self.strikes.get(key).is_some_and(|strikes| *strikes >= STRIKES))
    }

    /// An operation with these keys failed alone.
    pub(super) fn failed(&mut self, keys: &[u64]) {
        if self.strikes.len() + keys.len() > KEYS_MAX {
            self.strikes.clear();
        }
        for key in keys {
            *self.strikes.entry(*key).or_default() += 1;
        }
    }

    /// An operation with these keys went through.
    pub(super) fn cleared(&mut self, keys: &[u64]) {
        if self.strikes.is_empty() {
            return;
        }
        for key in keys {
            self.strikes.remove(key);
        }
    }
}
