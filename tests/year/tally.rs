//! What the people of the library remember of the year, apart from the register.

use std::collections::BTreeMap;

/// Counts and cents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Loans that were granted, those of holds included.
    pub(super) loans: u64,
    /// Of these, of holds.
    pub(super) of_holds: u64,
    /// Loans that were refused, by each reason.
    pub(super) refused: BTreeMap<&'static str, u64>,
    /// Returns that ended a loan.
    pub(super) returns: u64,
    /// Renewals that were granted.
    pub(super) renewals: u64,
    /// Holds that were placed.
    pub(super) holds: u64,
    /// Cents that were paid.
    pub(super) paid_cents: i64,
    /// Payments.
    pub(super) payments: u64,
}
