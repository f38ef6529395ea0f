//! Who gets a card, for how long, and what may become of it (A26 to A30, A49).

use crate::policy::CardPolicy;
use crate::{CardState, PatronCategory, PatronState, age};
use chrono::{Months, NaiveDate};

/// Months of a year.
const YEAR_MONTHS: u32 = 12;

/// What a new card is decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applicant {
    /// The standing of the patron.
    pub state: PatronState,
    /// The category.
    pub category: PatronCategory,
    /// The date of birth, where it is known.
    pub birth_date: Option<NaiveDate>,
    /// Whether the register has a personal identity code.
    pub has_identity_code: bool,
    /// Whether a guardian's consent to a card is in force.
    pub guardian_consents: bool,
    /// Cards in force, without one that the new card takes the place of.
    pub cards_in_force: u32,
}

/// Why somebody gets no card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueRefusal {
    /// The patron has left, or processing is restricted.
    PatronNotInForce,
    /// A person without a date of birth may be a child.
    BirthDateUnknown,
    /// A child without a guardian's consent (A49).
    GuardianConsentMissing,
    /// As many cards as the policy allows (A27).
    TooManyCards,
}

impl IssueRefusal {
    /// The rule, and what would be right.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::PatronNotInForce => "only a patron in force gets a card",
            Self::BirthDateUnknown => {
                "a person whose date of birth is not known gets a card with a guardian's consent only; record the date"
            }
            Self::GuardianConsentMissing => {
                "a child gets a card with a guardian's consent; record the consent first"
            }
            Self::TooManyCards => "the patron has as many cards as allowed; replace or return one",
        }
    }
}

/// The last day of a card issued today, the day itself included; none for one without end.
///
/// # Errors
/// [`IssueRefusal`], the first that applies.
pub fn issue(
    applicant: &Applicant,
    policy: &CardPolicy,
    today: NaiveDate,
) -> Result<Option<NaiveDate>, IssueRefusal> {
    if applicant.state != PatronState::Active {
        return Err(IssueRefusal::PatronNotInForce);
    }
    if is_person(applicant.category) && policy.guardian_consent_age > 0 && !applicant.guardian_consents {
        match applicant.birth_date {
            None => return Err(IssueRefusal::BirthDateUnknown),
            Some(born) if !age::has_reached(born, policy.guardian_consent_age, today) => {
                return Err(IssueRefusal::GuardianConsentMissing);
            }
            Some(_) => {}
        }
    }
    if applicant.cards_in_force >= u32::from(policy.max_per_patron) {
        return Err(IssueRefusal::TooManyCards);
    }
    let without_code = is_person(applicant.category) && !applicant.has_identity_code;
    let ends = [
        policy.validity_years.map(|years| u32::from(years) * YEAR_MONTHS),
        policy.validity_months_without_code.filter(|_| without_code).map(u32::from),
    ];
    // A period of months ends on the day of the same number (Act 150/1930, section 3).
    Ok(ends.into_iter().flatten().min().and_then(|months| today.checked_add_months(Months::new(months))))
}

/// Whether patrons of this category are persons with an age and an identity code.
#[must_use]
pub const fn is_person(category: PatronCategory) -> bool {
    match category {
        PatronCategory::Person | PatronCategory::HomeService | PatronCategory::Staff => true,
        PatronCategory::Institution | PatronCategory::InterlibraryLoan => false,
    }
}

/// Whether the cards of this category have PINs: another library uses no device (A40).
#[must_use]
pub const fn has_pins(category: PatronCategory) -> bool {
    !matches!(category, PatronCategory::InterlibraryLoan)
}

/// Something that happens to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardEvent {
    /// It is reported lost.
    Lost,
    /// Another card takes its place.
    Replaced,
    /// Staff block it.
    Blocked,
    /// Staff lift the block.
    Unblocked,
    /// It is handed back.
    Returned,
}

/// The state of a card after the event.
///
/// # Errors
/// The rule that stands against it.
pub const fn after(state: CardState, event: CardEvent) -> Result<CardState, &'static str> {
    use CardState::{Active, Blocked, Lost, Replaced, Returned};
    match (event, state) {
        (CardEvent::Lost, Active | Blocked) => Ok(Lost),
        (CardEvent::Lost, Lost) => Err("the card has been reported lost already"),
        (CardEvent::Replaced, Active | Blocked) => Ok(Replaced),
        // The second at which it was lost ends the patron's liability, so the state stays.
        (CardEvent::Replaced, Lost) => Ok(Lost),
        (CardEvent::Blocked, Active) => Ok(Blocked),
        (CardEvent::Blocked, Blocked) => Err("the card is blocked already"),
        (CardEvent::Unblocked, Blocked) => Ok(Active),
        (CardEvent::Unblocked, _) => Err("only a blocked card can be unblocked"),
        (CardEvent::Returned, Active | Blocked | Lost) => Ok(Returned),
        (_, Replaced) => Err("another card has taken the place of this one"),
        (_, Returned) => Err("the card has been handed back"),
        (CardEvent::Blocked, Lost) => Err("a lost card is not in use anyway"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    const POLICY: CardPolicy = CardPolicy {
        max_per_patron: 1,
        validity_years: Some(10),
        validity_months_without_code: Some(12),
        guardian_consent_age: 15,
    };
    const TODAY: &str = "2026-05-20";

    fn adult() -> Applicant {
        Applicant {
            state: PatronState::Active,
            category: PatronCategory::Person,
            birth_date: Some(date("1980-01-01")),
            has_identity_code: true,
            guardian_consents: false,
            cards_in_force: 0,
        }
    }

    #[test]
    fn who_gets_a_card_and_until_when() {
        use IssueRefusal::{BirthDateUnknown, GuardianConsentMissing, PatronNotInForce, TooManyCards};
        let born = |day| Applicant { birth_date: Some(date(day)), ..adult() };
        let institution = Applicant {
            category: PatronCategory::Institution,
            birth_date: None,
            has_identity_code: false,
            ..adult()
        };
        let table = [
            (adult(), Ok(Some("2036-05-20"))),
            (Applicant { has_identity_code: false, ..adult() }, Ok(Some("2027-05-20"))),
            (born("2011-05-21"), Err(GuardianConsentMissing)),
            (born("2011-05-20"), Ok(Some("2036-05-20"))),
            (Applicant { guardian_consents: true, ..born("2020-01-01") }, Ok(Some("2036-05-20"))),
            (Applicant { birth_date: None, ..adult() }, Err(BirthDateUnknown)),
            (Applicant { birth_date: None, guardian_consents: true, ..adult() }, Ok(Some("2036-05-20"))),
            (institution, Ok(Some("2036-05-20"))),
            (Applicant { cards_in_force: 1, ..adult() }, Err(TooManyCards)),
            (Applicant { state: PatronState::Restricted, ..adult() }, Err(PatronNotInForce)),
            (Applicant { state: PatronState::Ended, ..adult() }, Err(PatronNotInForce)),
            (Applicant { cards_in_force: 1, ..born("2020-01-01") }, Err(GuardianConsentMissing)),
        ];
        for (applicant, expected) in table {
            let expected = expected.map(|until| until.map(date));
            assert_eq!(issue(&applicant, &POLICY, date(TODAY)), expected, "{applicant:?}");
        }
    }

    #[test]
    fn policies_lift_limits_and_ends() {
        let today = date(TODAY);
        let many = CardPolicy { max_per_patron: 3, ..POLICY };
        let cards = |cards_in_force| Applicant { cards_in_force, ..adult() };
        assert!(issue(&cards(2), &many, today).is_ok());
        assert_eq!(issue(&cards(3), &many, today), Err(IssueRefusal::TooManyCards));
        let unlimited = CardPolicy { max_per_patron: 100, validity_years: None, ..POLICY };
        assert_eq!(issue(&cards(99), &unlimited, today), Ok(None));
        let no_code = Applicant { has_identity_code: false, ..adult() };
        assert_eq!(issue(&no_code, &unlimited, today), Ok(Some(date("2027-05-20"))));
        let shorter =
            CardPolicy { validity_years: Some(1), validity_months_without_code: Some(24), ..POLICY };
        assert_eq!(issue(&no_code, &shorter, today), Ok(Some(date("2027-05-20"))));
        let nobody_asks = CardPolicy { guardian_consent_age: 0, ..POLICY };
        let child = Applicant { birth_date: Some(date("2025-01-01")), ..adult() };
        assert!(issue(&child, &nobody_asks, today).is_ok());
    }

    #[test]
    fn a_leap_day_ends_on_the_last_of_february() {
        let one_year = CardPolicy { validity_years: Some(1), ..POLICY };
        assert_eq!(issue(&adult(), &one_year, date("2024-02-29")), Ok(Some(date("2025-02-28"))));
    }

    #[test]
    fn what_may_become_of_a_card() {
        use CardState::{Active, Blocked, Lost, Replaced, Returned};
        let table = [
            (CardEvent::Lost, [Some(Lost), None, None, Some(Lost), None]),
            (CardEvent::Replaced, [Some(Replaced), Some(Lost), None, Some(Replaced), None]),
            (CardEvent::Blocked, [Some(Blocked), None, None, None, None]),
            (CardEvent::Unblocked, [None, None, None, Some(Active), None]),
            (CardEvent::Returned, [Some(Returned), Some(Returned), None, Some(Returned), None]),
        ];
        for (event, results) in table {
            for (state, expected) in [Active, Lost, Replaced, Blocked, Returned].into_iter().zip(results) {
                assert_eq!(after(state, event).ok(), expected, "{event:?} of {state:?}");
            }
        }
    }
}
