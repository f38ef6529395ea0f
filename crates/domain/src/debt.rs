//! When unpaid fees stand in the way (A69).

use crate::policy::DebtComparator;

/// How much debt is too much. Consortia differ at equality, so the comparison is policy: a debt of
/// exactly 10.00 may borrow in Heili and may not in Louna.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebtLimit {
    /// The limit in cents; none means that no debt blocks.
    pub limit_cents: Option<i64>,
    /// What counts at the limit itself.
    pub comparator: DebtComparator,
}

impl DebtLimit {
    /// Whether a debt of this many cents blocks.
    #[must_use]
    pub fn is_reached(self, debt_cents: i64) -> bool {
        self.limit_cents.is_some_and(|limit| match self.comparator {
            DebtComparator::Over => debt_cents > limit,
            DebtComparator::AtLeast => debt_cents >= limit,
        })
    }

    /// How many cents have to be paid until a debt of this many does not block; 0 where it does not.
    #[must_use]
    pub fn to_pay(self, debt_cents: i64) -> i64 {
        let Some(limit) = self.limit_cents.filter(|_| self.is_reached(debt_cents)) else { return 0 };
        match self.comparator {
            DebtComparator::Over => debt_cents - limit,
            DebtComparator::AtLeast => debt_cents - limit + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comparator_decides_at_equality() {
        let table = [
            (999, false, false),
            (1_000, false, true),
            (1_001, true, true),
            (0, false, false),
            (-1, false, false),
            (i64::MAX, true, true),
        ];
        for (debt, over, at_least) in table {
            let limit = |comparator| DebtLimit { limit_cents: Some(1_000), comparator };
            assert_eq!(limit(DebtComparator::Over).is_reached(debt), over, "over, {debt}");
            assert_eq!(limit(DebtComparator::AtLeast).is_reached(debt), at_least, "at least, {debt}");
        }
    }

    #[test]
    fn what_has_to_be_paid_is_what_lifts_the_block() {
        for comparator in DebtComparator::ALL {
            let limit = DebtLimit { limit_cents: Some(1_000), comparator: *comparator };
            for debt in [0, 999, 1_000, 1_001, 5_000] {
                let rest = debt - limit.to_pay(debt);
                assert!(!limit.is_reached(rest), "{comparator:?}, {debt}");
                assert_eq!(limit.to_pay(debt) > 0, limit.is_reached(debt), "{comparator:?}, {debt}");
                assert!(
                    rest == debt || limit.is_reached(rest + 1),
                    "not a cent more: {comparator:?}, {debt}"
                );
            }
        }
    }

    #[test]
    fn without_a_limit_no_debt_blocks() {
        for comparator in DebtComparator::ALL {
            assert!(!DebtLimit { limit_cents: None, comparator: *comparator }.is_reached(i64::MAX));
        }
    }
}
