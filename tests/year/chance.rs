//! Chance that is the same each time: what happens depends on who, and on which time, alone.

/// What SplitMix64 adds from draw to draw.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Draws of one visit.
pub(super) struct Chance(u64);

impl Chance {
    /// The draws of this visit. It begins far from its neighbours: they would draw the same otherwise, one later.
    pub(super) const fn of(visit: u64) -> Self {
        Self(mixed(visit))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// One of the numbers below this one.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// Whether something happens that happens this often among a hundred times.
    pub(super) fn percent(&mut self, often: usize) -> bool {
        self.below(100) < often
    }
}

/// The finalizer of SplitMix64.
const fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
