//! How a right to use unstaffed libraries is granted: registered, by written contract, or by a guardian's consent.
//!
//! The right is an object of its own, apart from category and age. What a door makes of it is in [`crate::enter`].

use crate::consents::Consent;
use crate::validity::holds_on;
use crate::{ConsentPurpose, RightKind};
use chrono::NaiveDate;

/// Longest reference to a contract, in characters.
pub const CONTRACT_CHARS_MAX: usize = 200;

/// A right as somebody wants to grant it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// How.
    pub kind: RightKind,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until withdrawn.
    pub valid_until: Option<NaiveDate>,
    /// Whether a contract is named.
    pub has_contract: bool,
    /// The consent that it rests on, if one is named.
    pub consent: Option<Consent>,
}

/// A rule that a grant breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantRule {
    /// A written contract, and nothing else, names the contract.
    Contract,
    /// A guardian's consent, and nothing else, names a consent.
    ConsentNamed,
    /// The consent is to self-service, granted and not withdrawn.
    ConsentStands,
    /// The last day is neither past nor before the first.
    Days,
}

impl GrantRule {
    /// The field at fault.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::ConsentNamed | Self::ConsentStands => "consent_id",
            Self::Days => "valid_until",
        }
    }

    /// The rule, and so what would be right.
    #[must_use]
    pub const fn right(self) -> &'static str {
        match self {
            Self::Contract => "a right by written contract names the contract, and no other right does",
            Self::ConsentNamed => {
                "a right by a guardian's consent names the consent, and no other right does"
            }
            Self::ConsentStands => {
                "a consent of this patron to self-service that was granted and not withdrawn"
            }
            Self::Days => "a last day that is not before the first one and not past, or none",
        }
    }
}

/// Checks a right before it is granted on the day `today`.
///
/// # Errors
/// The first rule that it breaks, in the order of [`GrantRule`].
pub fn check(grant: &Grant, today: NaiveDate) -> Result<(), GrantRule> {
    let rests_on_consent = grant.kind == RightKind::GuardianConsent;
    if grant.has_contract != (grant.kind == RightKind::WrittenContract) {
        return Err(GrantRule::Contract);
    }
    if grant.consent.is_some() != rests_on_consent {
        return Err(GrantRule::ConsentNamed);
    }
    if grant.consent.is_some_and(|consent| !consent.stands_for(ConsentPurpose::SelfService)) {
        return Err(GrantRule::ConsentStands);
    }
    if grant.valid_until.is_some_and(|last| last < grant.valid_from || last < today) {
        return Err(GrantRule::Days);
    }
    Ok(())
}

/// Where a right stands, for those who look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightState {
    /// It has not begun.
    Ahead,
    /// It counts.
    InForce,
    /// It is past its last day.
    Lapsed,
    /// Somebody has withdrawn it.
    Withdrawn,
}

/// Where a right stands on the day `today`.
#[must_use]
pub fn state(first: NaiveDate, last: Option<NaiveDate>, withdrawn: bool, today: NaiveDate) -> RightState {
    if withdrawn {
        RightState::Withdrawn
    } else if holds_on(first, last, today) {
        RightState::InForce
    } else if today < first {
        RightState::Ahead
    } else {
        RightState::Lapsed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConsentState;
    use crate::samples::date;

    #[test]
    fn each_kind_names_what_it_rests_on() {
        let today = date("2026-05-20");
        let granted =
            Consent { purpose: ConsentPurpose::SelfService, state: ConsentState::Granted, withdrawn: false };
        let registered = Grant {
            kind: RightKind::Registered,
            valid_from: today,
            valid_until: None,
            has_contract: false,
            consent: None,
        };
        let contract = Grant { kind: RightKind::WrittenContract, has_contract: true, ..registered };
        let consent = Grant { kind: RightKind::GuardianConsent, consent: Some(granted), ..registered };
        let of = |other: Consent| Grant { consent: Some(other), ..consent };
        let table = [
            (registered, Ok(())),
            (contract, Ok(())),
            (consent, Ok(())),
            (Grant { has_contract: true, ..registered }, Err(GrantRule::Contract)),
            (Grant { has_contract: false, ..contract }, Err(GrantRule::Contract)),
            (Grant { consent: Some(granted), ..registered }, Err(GrantRule::ConsentNamed)),
            (Grant { consent: None, ..consent }, Err(GrantRule::ConsentNamed)),
            (of(Consent { withdrawn: true, ..granted }), Err(GrantRule::ConsentStands)),
            (of(Consent { state: ConsentState::Refused, ..granted }), Err(GrantRule::ConsentStands)),
            (of(Consent { purpose: ConsentPurpose::Card, ..granted }), Err(GrantRule::ConsentStands)),
            (Grant { valid_until: Some(today), ..registered }, Ok(())),
            (Grant { valid_until: Some(date("2026-05-19")), ..registered }, Err(GrantRule::Days)),
            (
                Grant { valid_from: date("2026-06-01"), valid_until: Some(date("2026-05-31")), ..registered },
                Err(GrantRule::Days),
            ),
        ];
        for (grant, expected) in table {
            assert_eq!(check(&grant, today), expected, "{grant:?}");
        }
    }

    #[test]
    fn a_right_counts_on_its_days_until_it_is_withdrawn() {
        let state = |today: &str| state(date("2026-05-20"), Some(date("2026-05-21")), false, date(today));
        assert_eq!(
            ["2026-05-19", "2026-05-20", "2026-05-21", "2026-05-22"].map(state),
            [RightState::Ahead, RightState::InForce, RightState::InForce, RightState::Lapsed]
        );
        assert_eq!(super::state(date("2026-05-20"), None, true, date("2026-05-20")), RightState::Withdrawn);
    }
}
