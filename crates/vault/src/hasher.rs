//! argon2id in memory of its own.

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::hash_cost::HashCost;

/// Length of the hash itself, in bytes.
pub(crate) const TAG_BYTES: usize = 32;
/// Length of a salt, in bytes (RFC 9106 section 3.1 recommends 16).
pub(crate) const SALT_BYTES: usize = 16;

/// Hashes one PIN at a time, always in the same memory.
///
/// argon2's allocating call takes aligned blocks anew for each hash, and glibc never gives them back: eleven
/// times one hash's memory after 25 hashes on one thread. One arena per thread keeps memory flat.
pub(crate) struct Hasher {
    arena: Vec<Block>,
    #[cfg(test)]
    blocks_filled: u64,
}

impl Hasher {
    /// A hasher that has taken no memory yet; the first hash does.
    pub(crate) const fn new() -> Self {
        Self {
            arena: Vec::new(),
            #[cfg(test)]
            blocks_filled: 0,
        }
    }

    /// The argon2id hash of `pin` under `pepper` (argon2's secret input).
    ///
    /// # Panics
    /// When `cost` is out of [`HashCost::checked`]'s bounds or the salt shorter than eight bytes: callers check.
    pub(crate) fn tag(&mut self, cost: HashCost, pepper: &[u8], pin: &[u8], salt: &[u8]) -> [u8; TAG_BYTES] {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(TAG_BYTES))
            .expect("the cost was checked before");
        let blocks = params.block_count();
        if self.arena.len() < blocks {
            // Let the old arena go first: both at once would double the peak.
            self.arena = Vec::new();
            self.arena.resize(blocks, Block::new());
        }
        let argon2 = Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params)
            .expect("a pepper is far below argon2's bound");
        #[cfg(test)]
        {
            self.blocks_filled += u64::from(cost.memory_kib * cost.passes);
        }
        let mut tag = [0; TAG_BYTES];
        argon2
            .hash_password_into_with_memory(pin, salt, &mut tag, &mut self.arena[..blocks])
            .expect("lengths are fixed and the arena is large enough");
        tag
    }
}

#[cfg(test)]
impl Hasher {
    /// The work done so far, to compare without a clock.
    pub(crate) const fn blocks_filled(&self) -> u64 {
        self.blocks_filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: HashCost = HashCost { memory_kib: 256, passes: 2, lanes: 1 };

    #[test]
    fn it_is_argon2id_as_everybody_computes_it() {
        // The value the reference implementation's own test suite has for these inputs.
        let tag = Hasher::new().tag(SMALL, b"", b"password", b"somesalt");
        assert_eq!(hex::encode(tag), "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    }

    #[test]
    fn a_used_arena_gives_the_same_hash_at_every_cost() {
        let fresh = |cost| Hasher::new().tag(cost, b"pepper", b"4827", b"0123456789abcdef");
        let mut reused = Hasher::new();
        for cost in [SMALL, HashCost::CHEAP_FOR_TESTS, HashCost { memory_kib: 300, ..SMALL }, SMALL] {
            assert_eq!(reused.tag(cost, b"pepper", b"4827", b"0123456789abcdef"), fresh(cost));
        }
    }

    #[test]
    fn every_input_counts() {
        let mut hasher = Hasher::new();
        let base = hasher.tag(SMALL, b"pepper", b"4827", b"0123456789abcdef");
        assert_ne!(base, hasher.tag(SMALL, b"peppar", b"4827", b"0123456789abcdef"));
        assert_ne!(base, hasher.tag(SMALL, b"pepper", b"4828", b"0123456789abcdef"));
        assert_ne!(base, hasher.tag(SMALL, b"pepper", b"4827", b"0123456789abcdeg"));
        assert_ne!(
            base,
            hasher.tag(HashCost { passes: 3, ..SMALL }, b"pepper", b"4827", b"0123456789abcdef")
        );
    }
}
