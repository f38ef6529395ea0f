//! Which policy applies here today: policies as data.
//!
//! A policy is a row: a key, a value, a [`Scope`] and the days on which it holds. Changing a rule is
//! adding a row with a later first day, never a new version of the program.
//!
//! # Which row wins
//!
//! Of the rows of a key that hold today and whose scope fits, the most specific one:
//!
//! 1. by place: a row for the branch before one for its municipality before one for the consortium
//!    (a row that names both fits where both fit, and comes first);
//! 2. then by collection: a row for the collection before one for every collection;
//! 3. then by material: a row for the material before one for every material;
//! 4. then by category: a row for the patron category before one for every category;
//! 5. then the row with the later first day.
//!
//! So what a branch has decided stands against what the consortium has decided for a material. Two
//! rows that are equal in all of this contradict each other and are refused when the set is built.
//! Where no row applies, the default of the key does; an empty set is a working one.
//!
//! [`catalogue`] lists every key with its unit, range, default and source. A new key is one entry in
//! `keys.rs`.

mod circulation;
mod fault;
mod keys;
mod ladder;
mod trace;
mod value;
mod views;
mod words;
mod year_turn;

pub use circulation::{
    CardFeePolicy, CompensationPolicy, DeskPolicy, DuePolicy, HoldPolicy, ItemClass, NoticePolicy,
    OverduePolicy, PaymentPolicy, PlacingPolicy, REMINDERS_MAX, ReminderStep, RenewalPolicy,
    UncollectedPolicy,
};
pub use fault::{PolicyFault, PolicyRule};
pub use keys::{PolicyKey, catalogue};
pub use trace::{AppliedPolicy, AppliedRow};
pub use views::{
    BanPolicy, CardPolicy, DerivedBlockPolicy, EntryPolicy, LendingPolicy, MessagePolicy, PinPolicy,
    RelationPolicy, RetentionPolicy, StaffPolicy,
};
pub use words::{
    CapScope, ClosedDueDay, DebtComparator, FeeUnit, FoundCredit, GrantMode, HistoryKept, PartialPayment,
    RenewalStart, UnknownBirthDate,
};
pub use year_turn::YearTurn;

use crate::PatronCategory;
use chrono::NaiveDate;
use keys::Settings;

/// One decided value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// The key, for example `loan.period_days`.
    pub key: String,
    /// The value as text, in the form that the key asks for.
    pub value: String,
    /// Where and for whom it holds.
    pub scope: Scope,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until a later row takes its place.
    pub valid_until: Option<NaiveDate>,
    /// The decision that it rests on, for those who ask why.
    pub decision: String,
}

/// Where and for whom a row holds; none means everywhere, for everybody, for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The municipality of the branch, as in [`Place::municipality`].
    pub municipality: Option<String>,
    /// The branch.
    pub branch: Option<i64>,
    /// The patron category.
    pub category: Option<PatronCategory>,
    /// The material, for example `book`.
    pub material: Option<String>,
    /// The collection of the item, a code of the consortium's own, for example `children`.
    pub collection: Option<String>,
}

/// Where a question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The branch of the device.
    pub branch: i64,
    /// The municipality of that branch.
    pub municipality: &'a str,
}

/// Every policy of a consortium, checked and ordered once, cheap to ask: a question walks the rows of
/// the keys it needs and allocates nothing.
#[derive(Debug, Clone)]
pub struct PolicySet {
    settings: Settings,
}

impl PolicySet {
    /// A set of these rows.
    ///
    /// # Errors
    ///
    /// Every fault of every row, in the order of the rows: an unknown key, a value of the wrong form or
    /// out of range, a scope that the key does not know, days that run backwards, or a row that
    /// contradicts an earlier one. A set with a fault is not built at all.
    pub fn new(rows: Vec<PolicyRow>) -> Result<Self, Vec<PolicyFault>> {
        let faults = fault::of_rows(&rows);
        let mut settings = Settings::defaults();
        let mut value_faults = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            if let Err(fault) = settings.add(index, row) {
                value_faults.push(fault);
            }
        }
        if faults.is_empty() && value_faults.is_empty() {
            settings.order();
            return Ok(Self { settings });
        }
        let mut all = [faults, value_faults].concat();
        all.sort_by_key(|fault| fault.row);
        Err(all)
    }
}

impl Default for PolicySet {
    /// The set without rows: every key has its default.
    fn default() -> Self {
        Self { settings: Settings::defaults() }
    }
}

#[cfg(test)]
mod tests;
