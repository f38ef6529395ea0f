//! What can be wrong with a policy row.

use super::{PolicyRow, Scope};
use chrono::NaiveDate;
use std::collections::HashMap;
use std::fmt;

/// One thing wrong with one row: which row, which key, which rule it breaks, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFault {
    /// The row, counted from 0 in the order given.
    pub row: usize,
    /// The key as given.
    pub key: String,
    /// The field of the row that is at fault, as in [`PolicyRow`] and [`Scope`].
    pub field: &'static str,
    /// The rule that the row breaks.
    pub rule: PolicyRule,
    /// What would be right, for a person to read.
    pub right: String,
}

/// A rule that every policy row keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyRule {
    /// The key is one of the catalogue.
    KnownKey,
    /// The value has the form of the key and lies within its range.
    ValueAllowed,
    /// The scope names nothing that the key does not distinguish: such a row would never be asked.
    ScopeOfKey,
    /// What the scope names is not empty.
    ScopeNotEmpty,
    /// The last day is not before the first.
    DaysInOrder,
    /// No two rows of a key have the same scope and the same first day.
    NoContradiction,
}

impl fmt::Display for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KnownKey => "no such key",
            Self::ValueAllowed => "not a value of this key",
            Self::ScopeOfKey => "this key does not distinguish it",
            Self::ScopeNotEmpty => "given, but empty",
            Self::DaysInOrder => "the last day is before the first",
            Self::NoContradiction => "an earlier row has the same key, scope and first day",
        })
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { row, key, field, rule, right } = self;
        write!(f, "row {row}, {key}, {field}: {rule}; right would be: {right}")
    }
}

impl std::error::Error for PolicyFault {}

/// The faults that show without knowing the key.
pub(super) fn of_rows(rows: &[PolicyRow]) -> Vec<PolicyFault> {
    let mut faults = Vec::new();
    let mut seen: HashMap<(&str, &Scope, NaiveDate), usize> = HashMap::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let mut push = |field, rule, right| {
            faults.push(PolicyFault { row: index, key: row.key.clone(), field, rule, right });
        };
        let Scope { municipality, material, collection, .. } = &row.scope;
        for (field, text) in
            [("municipality", municipality), ("material", material), ("collection", collection)]
        {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                push(field, PolicyRule::ScopeNotEmpty, format!("a {field}, or none at all"));
            }
        }
        if row.valid_until.is_some_and(|last| last < row.valid_from) {
            push("valid_until", PolicyRule::DaysInOrder, format!("{} or later, or none", row.valid_from));
        }
        if let Some(first) = seen.insert((&row.key, &row.scope, row.valid_from), index) {
            let right = format!("only one of rows {first} and {index}, or different first days");
            push("valid_from", PolicyRule::NoContradiction, right);
        }
    }
    faults
}
