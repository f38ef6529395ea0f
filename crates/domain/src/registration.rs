//! What is recorded when somebody becomes a patron, and which details fit which category.

use crate::{PatronCategory, age};
use chrono::NaiveDate;

/// Years under which a person is a child (A36): one of the guardians stands for them.
pub const CHILD_BELOW_YEARS: u8 = 15;

/// Whether patrons of this category are people with a birth date, and not organisations.
#[must_use]
pub const fn is_person(category: PatronCategory) -> bool {
    !matches!(category, PatronCategory::Institution | PatronCategory::InterlibraryLoan)
}

/// Whether the patron is a child today (A36). Derived at every question, never kept; nobody is one without a birth
/// date.
#[must_use]
pub fn is_child(category: PatronCategory, birth_date: Option<NaiveDate>, today: NaiveDate) -> bool {
    is_person(category) && birth_date.is_some_and(|birth| !age::has_reached(birth, CHILD_BELOW_YEARS, today))
}

/// Whether a registration has to record how the person proved who they are (A110). A child's guardian does so
/// instead.
#[must_use]
pub fn needs_identity_check(
    category: PatronCategory,
    birth_date: Option<NaiveDate>,
    today: NaiveDate,
) -> bool {
    is_person(category) && !is_child(category, birth_date, today)
}

/// What is wrong with the details of a patron.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailFault {
    /// A person without given names. Some people have none: then the field holds a hyphen.
    GivenNamesMissing,
    /// An organisation with given names, a call name, a birth date, a gender or a mother tongue.
    PersonalDetail,
    /// A person with a business id.
    BusinessId,
    /// A birth date after today.
    BirthDateAhead,
}

/// The details that depend on the category.
#[derive(Debug, Clone, Copy)]
pub struct Details<'a> {
    /// The category.
    pub category: PatronCategory,
    /// All given names.
    pub given_names: &'a str,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// Whether a call name, a gender or a mother tongue is there.
    pub has_personal_detail: bool,
    /// Whether a business id is there.
    pub has_business_id: bool,
}

/// Looks whether the details fit the category.
///
/// # Errors
/// [`DetailFault`], the first that holds.
pub fn check(details: &Details<'_>, today: NaiveDate) -> Result<(), DetailFault> {
    let person = is_person(details.category);
    let personal =
        !details.given_names.is_empty() || details.birth_date.is_some() || details.has_personal_detail;
    if person && details.given_names.is_empty() {
        Err(DetailFault::GivenNamesMissing)
    } else if !person && personal {
        Err(DetailFault::PersonalDetail)
    } else if person && details.has_business_id {
        Err(DetailFault::BusinessId)
    } else if details.birth_date.is_some_and(|birth| birth > today) {
        Err(DetailFault::BirthDateAhead)
    } else {
        Ok(())
    }
}

/// The later of the days on which a record was last changed and its card last used (A47).
#[must_use]
pub fn last_changed_or_used(changed_on: NaiveDate, used_on: Option<NaiveDate>) -> NaiveDate {
    used_on.map_or(changed_on, |used_on| used_on.max(changed_on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{date, local};

    #[test]
    fn a_child_grows_up_at_local_midnight_of_the_birthday() {
        let born = Some(date("2011-05-20"));
        for (at, child) in
            [("2026-05-19 23:59", true), ("2026-05-20 00:00", false), ("2011-05-20 00:00", true)]
        {
            assert_eq!(is_child(PatronCategory::Person, born, local(at).today()), child, "{at}");
        }
        let leap = Some(date("2012-02-29"));
        assert!(is_child(PatronCategory::Person, leap, date("2027-02-27")));
        assert!(!is_child(PatronCategory::Person, leap, date("2027-02-28")));
    }

    #[test]
    fn only_people_are_children_and_only_grown_ones_show_a_document() {
        let today = date("2026-05-20");
        let (young, old) = (Some(date("2015-01-01")), Some(date("1980-01-01")));
        for category in PatronCategory::ALL {
            let person = is_person(*category);
            assert_eq!(is_child(*category, young, today), person, "{category:?}");
            assert!(!is_child(*category, old, today) && !is_child(*category, None, today), "{category:?}");
            assert!(!needs_identity_check(*category, young, today), "{category:?}");
            assert_eq!(needs_identity_check(*category, old, today), person, "{category:?}");
            assert_eq!(needs_identity_check(*category, None, today), person, "{category:?}");
        }
    }

    #[test]
    fn details_fit_their_category() {
        let today = date("2026-05-20");
        let person = Details {
            category: PatronCategory::Person,
            given_names: "Aino",
            birth_date: Some(today),
            has_personal_detail: true,
            has_business_id: false,
        };
        let school = Details {
            category: PatronCategory::Institution,
            given_names: "",
            birth_date: None,
            has_personal_detail: false,
            has_business_id: true,
        };
        let table = [
            (person, Ok(())),
            (Details { birth_date: None, ..person }, Ok(())),
            (Details { birth_date: Some(date("2026-05-21")), ..person }, Err(DetailFault::BirthDateAhead)),
            (Details { given_names: "", ..person }, Err(DetailFault::GivenNamesMissing)),
            (Details { has_business_id: true, ..person }, Err(DetailFault::BusinessId)),
            (school, Ok(())),
            (Details { has_business_id: false, ..school }, Ok(())),
            (Details { given_names: "Aino", ..school }, Err(DetailFault::PersonalDetail)),
            (Details { birth_date: Some(today), ..school }, Err(DetailFault::PersonalDetail)),
            (Details { has_personal_detail: true, ..school }, Err(DetailFault::PersonalDetail)),
        ];
        for (details, expected) in table {
            assert_eq!(check(&details, today), expected, "{details:?}");
        }
    }

    #[test]
    fn the_later_of_change_and_use_counts() {
        let (may, june) = (date("2026-05-20"), date("2026-06-01"));
        assert_eq!(last_changed_or_used(may, None), may);
        assert_eq!(last_changed_or_used(may, Some(june)), june);
        assert_eq!(last_changed_or_used(june, Some(may)), june);
    }
}
