//! Randomness, passed in: production asks the operating system, tests repeat themselves.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A source of random bytes. Everything that makes a key, a salt, a nonce or a code takes one.
pub trait Random: Send + Sync + 'static {
    /// Fills `out` with bytes nobody can foresee. There is no error: a caller could only weaken itself by
    /// carrying on without.
    fn fill(&self, out: &mut [u8]);
}

/// The operating system's source (`getrandom(2)` on Linux).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// When the operating system has no randomness to give: then no secret may be made at all.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system")]
    fn fill(&self, out: &mut [u8]) {
        getrandom::fill(out).expect("without the operating system's randomness no secret may be made");
    }
}

/// A source that gives the same bytes for the same seed, for tests that must be repeatable.
///
/// **Never for production**: the seed has 64 bits and stands in the test's source.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    next_block: AtomicU64,
}

impl SeededRandom {
    /// A source whose bytes are the SHA-256 of `seed` and a counter.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed, next_block: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let block = self.next_block.fetch_add(1, Ordering::Relaxed);
            let digest = Sha256::new()
                .chain_update(self.seed.to_be_bytes())
                .chain_update(block.to_be_bytes())
                .finalize();
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_does_not_repeat_itself() {
        let first: [u8; 32] = bytes(&SystemRandom);
        let second: [u8; 32] = bytes(&SystemRandom);
        assert_ne!(first, [0; 32]);
        assert_ne!(first, second);
    }

    #[test]
    fn a_seed_repeats_its_bytes_and_only_its_own() {
        let draw = |seed| {
            let random = SeededRandom::new(seed);
            (bytes::<40>(&random), bytes::<40>(&random))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let (first, second) = draw(7);
        assert_ne!(first, second);
    }
}
