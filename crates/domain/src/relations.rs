//! Who stands beside a patron: guardians, guarantors and responsible persons (A37, A49 to A55).
//!
//! A relation is a row of its own; that somebody is a guardian is no category, and a guardian needs no card. It begins
//! and ends on its own days. That to a guardian also ends at the age of the ward that the policy says, at local
//! midnight of the birthday, without anybody or any job ending it.

use crate::age::has_reached;
use crate::validity::holds_on;
use crate::{PatronCategory, RelationKind};
use chrono::NaiveDate;

/// Until this age of the ward, in years, a guardian's record is kept whatever became of the relation (A51).
pub const KEEP_UNTIL_WARD_AGE: u8 = 15;

/// Longest reason for the end of a relation, in characters.
pub const END_REASON_CHARS_MAX: usize = 300;

/// A relation, as far as rules need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bond {
    /// What it is.
    pub kind: RelationKind,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until it is ended.
    pub valid_until: Option<NaiveDate>,
    /// Whether somebody has ended it.
    pub dissolved: bool,
    /// Birth date of the ward, where it is known.
    pub ward_birth_date: Option<NaiveDate>,
}

/// Where a relation stands on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BondState {
    /// It has not begun.
    Ahead,
    /// It counts.
    InForce,
    /// It is past its last day.
    Lapsed,
    /// The ward has come of the age at which it ends.
    Outgrown,
    /// Somebody has ended it.
    Dissolved,
}

impl Bond {
    /// Where it stands on the day `today`, under a policy that ends the relation to a guardian at this age of the ward.
    ///
    /// A ward without a birth date outgrows nobody: such a relation stands until somebody ends it.
    #[must_use]
    pub fn state(&self, guardian_end_age: u8, today: NaiveDate) -> BondState {
        let outgrown = self.kind == RelationKind::Guardian
            && self.ward_birth_date.is_some_and(|birth| has_reached(birth, guardian_end_age, today));
        if self.dissolved {
            BondState::Dissolved
        } else if outgrown {
            BondState::Outgrown
        } else if holds_on(self.valid_from, self.valid_until, today) {
            BondState::InForce
        } else if today < self.valid_from {
            BondState::Ahead
        } else {
            BondState::Lapsed
        }
    }

    /// Whether it counts on the day `today`.
    #[must_use]
    pub fn is_in_force(&self, guardian_end_age: u8, today: NaiveDate) -> bool {
        self.state(guardian_end_age, today) == BondState::InForce
    }
}

/// A relation as somebody wants to add it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewBond {
    /// What it is.
    pub kind: RelationKind,
    /// Category of the ward.
    pub ward: PatronCategory,
    /// Birth date of the ward, where it is known.
    pub ward_birth_date: Option<NaiveDate>,
    /// Category of the one beside.
    pub other: PatronCategory,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until it is ended.
    pub valid_until: Option<NaiveDate>,
}

/// A rule that a new relation breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BondRule {
    /// Only a person stands beside somebody.
    OtherIsPerson,
    /// Guardians and guarantors stand beside persons.
    WardIsPerson,
    /// A guardian stands beside somebody who has not outgrown one.
    WardIsYoung,
    /// The last day is neither past nor before the first.
    Days,
}

impl BondRule {
    /// The field at fault.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::OtherIsPerson => "other_number",
            Self::WardIsPerson | Self::WardIsYoung => "ward_number",
            Self::Days => "valid_until",
        }
    }

    /// The rule, and so what would be right.
    #[must_use]
    pub const fn right(self) -> &'static str {
        match self {
            Self::OtherIsPerson => "a person",
            Self::WardIsPerson => "a person: institutions have responsible persons",
            Self::WardIsYoung => "a patron younger than guardian.end_age",
            Self::Days => "a last day that is not before the first one and not past, or none",
        }
    }
}

/// Checks a relation before it is added on the day `today`.
///
/// # Errors
/// The first rule that it breaks, in the order of [`BondRule`].
pub fn check(new: &NewBond, guardian_end_age: u8, today: NaiveDate) -> Result<(), BondRule> {
    let is_person =
        |category| !matches!(category, PatronCategory::Institution | PatronCategory::InterlibraryLoan);
    let outgrown = new.ward_birth_date.is_some_and(|birth| has_reached(birth, guardian_end_age, today));
    if !is_person(new.other) {
        Err(BondRule::OtherIsPerson)
    } else if new.kind != RelationKind::ResponsiblePerson && !is_person(new.ward) {
        Err(BondRule::WardIsPerson)
    } else if new.kind == RelationKind::Guardian && outgrown {
        Err(BondRule::WardIsYoung)
    } else if new.valid_until.is_some_and(|last| last < new.valid_from || last < today) {
        Err(BondRule::Days)
    } else {
        Ok(())
    }
}

/// Why the record of somebody who stands beside a patron may not be erased yet (A51).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErasureHold {
    /// The relation is not dissolved: it counts, or will.
    RelationStands,
    /// The ward of a guardian is younger than 15.
    WardIsChild,
    /// The age of a guardian's ward is not known, so nobody can say that it is 15.
    WardAgeUnknown,
}

impl ErasureHold {
    /// The reason as a machine reads it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RelationStands => "RELATION_STANDS",
            Self::WardIsChild => "WARD_IS_CHILD",
            Self::WardAgeUnknown => "WARD_AGE_UNKNOWN",
        }
    }
}

/// What keeps the record of somebody who stands beside others: empty when it may be erased as far as these relations
/// go. Each hold comes with the place of its relation in `bonds`.
///
/// A guardian's record is kept until both hold: the ward is 15, and the relation is dissolved, by whatever end.
#[must_use]
pub fn erasure_holds(bonds: &[Bond], guardian_end_age: u8, today: NaiveDate) -> Vec<(usize, ErasureHold)> {
    let mut holds = Vec::new();
    for (place, bond) in bonds.iter().enumerate() {
        if matches!(bond.state(guardian_end_age, today), BondState::InForce | BondState::Ahead) {
            holds.push((place, ErasureHold::RelationStands));
        }
        if bond.kind == RelationKind::Guardian {
            match bond.ward_birth_date {
                None => holds.push((place, ErasureHold::WardAgeUnknown)),
                Some(birth) if !has_reached(birth, KEEP_UNTIL_WARD_AGE, today) => {
                    holds.push((place, ErasureHold::WardIsChild));
                }
                Some(_) => {}
            }
        }
    }
    holds
}

/// Whether a patron has whom it needs beside it: an institution needs a responsible person in force (A39, A54), and
/// nobody else needs one.
#[must_use]
pub fn is_answered_for(
    category: PatronCategory,
    bonds: &[Bond],
    guardian_end_age: u8,
    today: NaiveDate,
) -> bool {
    let answers = |bond: &Bond| {
        bond.kind == RelationKind::ResponsiblePerson && bond.is_in_force(guardian_end_age, today)
    };
    category != PatronCategory::Institution || bonds.iter().any(answers)
}

#[cfg(test)]
mod tests;
