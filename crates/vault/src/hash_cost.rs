//! What one PIN hash costs, and why these numbers.

/// The parameters of argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    /// Memory one hash fills, in KiB.
    pub memory_kib: u32,
    /// Times the memory is gone over.
    pub passes: u32,
    /// Independent columns of the memory. Computed one after the other here.
    pub lanes: u32,
}

/// A cost outside what the vault hashes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "PIN hash cost out of bounds: memory {least} to {} KiB and at least {least} per lane, passes 1 to {}, lanes 1 to {}",
    HashCost::MEMORY_KIB_MAX,
    HashCost::PASSES_MAX,
    HashCost::LANES_MAX,
    least = HashCost::MEMORY_KIB_MIN
)]
pub struct HashCostFault;

impl HashCost {
    /// What a register runs with: 19 MiB, two passes, one lane.
    ///
    /// **Memory, 19 456 KiB.** The OWASP Password Storage Cheat Sheet's choice for argon2id together with two
    /// passes and one lane. Memory is what keeps the many cores of a graphics card from guessing all at once. It
    /// costs each hashing thread 19 MiB for as long as it lives. The same sheet calls 46 MiB with one pass equal,
    /// but then every thread would hold more than twice the memory. It does not decide whether a stolen table of
    /// four-digit PINs can be guessed: ten thousand times 16 ms is under three minutes of one core. Only the
    /// pepper decides that.
    ///
    /// **Passes, 2.** From the same row. Time grows in proportion: about 16 ms per hash on one core with AVX2, so
    /// about 60 checks per second and hashing thread, which is what the pool's queue is sized by. With one pass
    /// an attacker could trade memory for time more cheaply. It does not decide how many guesses anybody gets
    /// online; the attempt budget does that, and ends after ten.
    ///
    /// **Lanes, 1.** From the same row. One PIN is hashed by one core; several logins at once fill the cores by
    /// themselves, and more lanes would let one login take cores from the doors. It does not make guessing
    /// cheaper: an attacker works on many PINs at once anyway.
    pub const RECOMMENDED: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// The least argon2 can do, for tests whose subject is not the hash: some microseconds.
    ///
    /// **Never for production**: it protects nothing even with the longest PIN.
    pub const CHEAP_FOR_TESTS: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// The least memory per lane that argon2 is defined for, in KiB.
    pub const MEMORY_KIB_MIN: u32 = 8;
    /// The most memory a hash may ask for, in KiB, so that no setting and no row can take the machine's memory.
    pub const MEMORY_KIB_MAX: u32 = 65_536;
    /// The most passes, so that no setting can make one login take seconds.
    pub const PASSES_MAX: u32 = 16;
    /// The most lanes; more only make sense with threads of their own, which one hash does not get.
    pub const LANES_MAX: u32 = 4;

    /// This cost, if the vault hashes with it.
    ///
    /// # Errors
    /// [`HashCostFault`] when a number is out of its bounds.
    pub const fn checked(self) -> Result<Self, HashCostFault> {
        let lanes_fit = self.lanes >= 1 && self.lanes <= Self::LANES_MAX;
        let passes_fit = self.passes >= 1 && self.passes <= Self::PASSES_MAX;
        if lanes_fit
            && passes_fit
            && self.memory_kib <= Self::MEMORY_KIB_MAX
            && self.memory_kib >= Self::MEMORY_KIB_MIN * self.lanes
        {
            Ok(self)
        } else {
            Err(HashCostFault)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_hold_on_both_sides() {
        let cost = |memory_kib, passes, lanes| HashCost { memory_kib, passes, lanes }.checked().is_ok();
        assert!(HashCost::RECOMMENDED.checked().is_ok());
        assert!(HashCost::CHEAP_FOR_TESTS.checked().is_ok());
        assert!(cost(65_536, 16, 4));
        assert!(!cost(65_537, 2, 1));
        assert!(!cost(7, 1, 1));
        assert!(!cost(31, 1, 4));
        assert!(!cost(19_456, 0, 1));
        assert!(!cost(19_456, 17, 1));
        assert!(!cost(19_456, 2, 0));
        assert!(!cost(19_456, 2, 5));
        assert!(!cost(19_456, 2, u32::MAX));
    }
}
