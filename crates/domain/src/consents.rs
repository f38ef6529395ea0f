//! Consents: who may give which, and when one stands (A49, A55, A78, A80, A82).
//!
//! A consent, a refusal and a withdrawal are all kept. A child's guardian consents to the card and to self-service, the
//! responsible person to being recorded as one, a patron to what concerns the patron alone.

use crate::relations::Bond;
use crate::{ConsentPurpose, ConsentState, RelationKind};
use chrono::NaiveDate;

/// Longest version of the text that was consented to, in characters.
pub const TEXT_VERSION_CHARS_MAX: usize = 100;

/// A consent, as far as rules need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// What it is about.
    pub purpose: ConsentPurpose,
    /// What was answered.
    pub state: ConsentState,
    /// Whether it has been withdrawn.
    pub withdrawn: bool,
}

impl Consent {
    /// Whether it allows what it is about.
    #[must_use]
    pub fn stands_for(&self, purpose: ConsentPurpose) -> bool {
        self.purpose == purpose && self.state == ConsentState::Granted && !self.withdrawn
    }

    /// Whether a guardian allows by it what it is about, on the day `today`: it stands, and the guardianship by which
    /// it was given runs, under a policy that ends it at this age of the ward.
    #[must_use]
    pub fn counts_as_guardians(
        &self,
        purpose: ConsentPurpose,
        guardianship: &Bond,
        guardian_end_age: u8,
        today: NaiveDate,
    ) -> bool {
        self.stands_for(purpose)
            && guardianship.kind == RelationKind::Guardian
            && guardianship.is_in_force(guardian_end_age, today)
    }
}

/// Who answers when consent is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// The patron.
    Patron,
    /// A guardian whose relation is in force.
    Guardian,
    /// A responsible person whose relation is in force.
    ResponsiblePerson,
    /// Anybody else.
    Stranger,
}

/// A rule that an answer breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentRule {
    /// An answer is yes or no.
    Answered,
    /// The home library service has its own way.
    NotHomeService,
    /// Whoever gives it may.
    Giver,
}

impl ConsentRule {
    /// The field at fault.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Answered => "state",
            Self::NotHomeService => "about",
            Self::Giver => "given_by_number",
        }
    }

    /// The rule, and so what would be right.
    #[must_use]
    pub const fn right(self) -> &'static str {
        match self {
            Self::Answered => "granted or refused",
            Self::NotHomeService => {
                "consents of the home library service are set by HomeServiceService.SetConsent"
            }
            Self::Giver => {
                "a guardian in force for card and self-service, the responsible person in force for being one, the \
                 patron or a guardian in force for the loan history"
            }
        }
    }
}

/// Checks an answer before it is recorded.
///
/// # Errors
/// The first rule that it breaks, in the order of [`ConsentRule`].
pub fn check(purpose: ConsentPurpose, state: ConsentState, giver: Giver) -> Result<(), ConsentRule> {
    if state == ConsentState::NotAsked {
        return Err(ConsentRule::Answered);
    }
    let may_give = match purpose {
        ConsentPurpose::HomeServiceHistory | ConsentPurpose::HomeServiceProfile => {
            return Err(ConsentRule::NotHomeService);
        }
        ConsentPurpose::Card | ConsentPurpose::SelfService => giver == Giver::Guardian,
        ConsentPurpose::ResponsiblePerson => giver == Giver::ResponsiblePerson,
        ConsentPurpose::LoanHistory => matches!(giver, Giver::Patron | Giver::Guardian),
    };
    if may_give { Ok(()) } else { Err(ConsentRule::Giver) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    #[test]
    fn each_consent_is_given_by_whom_it_concerns() {
        use ConsentPurpose::{
            Card, HomeServiceHistory, HomeServiceProfile, LoanHistory, ResponsiblePerson, SelfService,
        };
        let givers = [Giver::Patron, Giver::Guardian, Giver::ResponsiblePerson, Giver::Stranger];
        let table = [
            (Card, [false, true, false, false]),
            (SelfService, [false, true, false, false]),
            (ResponsiblePerson, [false, false, true, false]),
            (LoanHistory, [true, true, false, false]),
        ];
        for (purpose, expected) in table {
            for state in [ConsentState::Granted, ConsentState::Refused] {
                let may = givers.map(|giver| check(purpose, state, giver).is_ok());
                assert_eq!(may, expected, "{purpose:?} {state:?}");
            }
            let unasked = check(purpose, ConsentState::NotAsked, Giver::Guardian);
            assert_eq!(unasked, Err(ConsentRule::Answered), "{purpose:?}");
        }
        for purpose in [HomeServiceHistory, HomeServiceProfile] {
            let answer = check(purpose, ConsentState::Granted, Giver::Patron);
            assert_eq!(answer, Err(ConsentRule::NotHomeService));
        }
    }

    #[test]
    fn a_guardians_consent_counts_while_the_guardianship_runs() {
        let consent =
            Consent { purpose: ConsentPurpose::Card, state: ConsentState::Granted, withdrawn: false };
        let bond = Bond {
            kind: RelationKind::Guardian,
            valid_from: date("2020-01-01"),
            valid_until: None,
            dissolved: false,
            ward_birth_date: Some(date("2012-05-20")),
        };
        let until = |day| Bond { valid_until: Some(date(day)), ..bond };
        let born = |day| Bond { ward_birth_date: Some(date(day)), ..bond };
        let table = [
            (consent, bond, 15, true),
            // The ward has its birthday today.
            (consent, born("2011-05-20"), 15, false),
            (consent, born("2011-05-20"), 16, true),
            (consent, born("2011-05-21"), 15, true),
            (consent, bond, 14, false),
            // Nobody knows when a ward without a birth date grows up.
            (consent, Bond { ward_birth_date: None, ..bond }, 1, true),
            (consent, until("2026-05-19"), 15, false),
            (consent, until("2026-05-20"), 15, true),
            (consent, Bond { valid_from: date("2026-05-21"), ..bond }, 15, false),
            (consent, Bond { dissolved: true, ..bond }, 15, false),
            (consent, Bond { kind: RelationKind::Guarantor, ..bond }, 15, false),
            (Consent { withdrawn: true, ..consent }, bond, 15, false),
            (Consent { state: ConsentState::Refused, ..consent }, bond, 15, false),
            (Consent { purpose: ConsentPurpose::SelfService, ..consent }, bond, 15, false),
        ];
        for (row, (consent, guardianship, end_age, expected)) in table.into_iter().enumerate() {
            let counts =
                consent.counts_as_guardians(ConsentPurpose::Card, &guardianship, end_age, date("2026-05-20"));
            assert_eq!(counts, expected, "row {row}");
        }
    }

    #[test]
    fn a_refusal_or_a_withdrawal_allows_nothing() {
        let granted =
            Consent { purpose: ConsentPurpose::Card, state: ConsentState::Granted, withdrawn: false };
        assert!(granted.stands_for(ConsentPurpose::Card));
        assert!(!granted.stands_for(ConsentPurpose::SelfService));
        assert!(!Consent { withdrawn: true, ..granted }.stands_for(ConsentPurpose::Card));
        for state in [ConsentState::Refused, ConsentState::NotAsked] {
            assert!(!Consent { state, ..granted }.stands_for(ConsentPurpose::Card), "{state:?}");
        }
    }
}
