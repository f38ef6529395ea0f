//! When the home library service delivers, and what a withdrawn consent takes with it (A80 to A84).

use crate::{ConsentPurpose, ConsentState};
use chrono::{Days, NaiveDate};

/// Weeks between two deliveries at most.
pub const EVERY_WEEKS_MAX: u8 = 12;

/// Longest line of an address, in characters.
pub const ADDRESS_LINE_CHARS_MAX: usize = 100;

/// Longest note about a door, in characters.
pub const DOOR_NOTE_CHARS_MAX: usize = 300;

/// Longest profile of preferences, in characters.
pub const PREFERENCES_CHARS_MAX: usize = 2_000;

/// How far ahead a carrier's manifest may be asked for, in days.
pub const MANIFEST_AHEAD_DAYS_MAX: u64 = 31;

/// Whether a route that began on `first_on` and runs every so many weeks delivers on `day`.
#[must_use]
pub fn delivers_on(first_on: NaiveDate, every_weeks: u8, day: NaiveDate) -> bool {
    let days = (day - first_on).num_days();
    days >= 0 && days % (7 * i64::from(every_weeks.max(1))) == 0
}

/// The next day of delivery from `today` on, `today` included.
#[must_use]
pub fn next_on(first_on: NaiveDate, every_weeks: u8, today: NaiveDate) -> NaiveDate {
    let interval = 7 * u64::from(every_weeks.max(1));
    let passed = u64::try_from((today - first_on).num_days()).unwrap_or(0);
    let days = passed.div_ceil(interval) * interval;
    first_on.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// Whether a change of an answer takes data with it: a consent that was given and is not any more.
#[must_use]
pub fn takes_data(before: ConsentState, after: ConsentState) -> bool {
    before == ConsentState::Granted && after != ConsentState::Granted
}

/// Whether the home library service asks for consent about this.
#[must_use]
pub const fn asks_about(purpose: ConsentPurpose) -> bool {
    matches!(purpose, ConsentPurpose::HomeServiceHistory | ConsentPurpose::HomeServiceProfile)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;
    use proptest::prelude::*;

    #[test]
    fn a_route_runs_every_so_many_weeks_from_its_first_day() {
        let table = [
            (1, "2026-05-20", true),
            (1, "2026-05-27", true),
            (2, "2026-05-27", false),
            (2, "2026-06-03", true),
            (12, "2026-08-12", true),
            (1, "2026-05-21", false),
            (1, "2026-05-13", false),
        ];
        for (every, day, delivers) in table {
            assert_eq!(delivers_on(date("2026-05-20"), every, date(day)), delivers, "{every}, {day}");
        }
        assert_eq!(next_on(date("2026-05-20"), 2, date("2026-05-01")), date("2026-05-20"));
        assert_eq!(next_on(date("2026-05-20"), 2, date("2026-05-20")), date("2026-05-20"));
        assert_eq!(next_on(date("2026-05-20"), 2, date("2026-05-21")), date("2026-06-03"));
        // A route keeps its weekday over the turn of a year with 53 weeks.
        assert_eq!(next_on(date("2026-12-23"), 2, date("2027-01-01")), date("2027-01-06"));
    }

    #[test]
    fn only_a_consent_that_was_given_can_be_withdrawn() {
        use ConsentState::{Granted, NotAsked, Refused};
        for before in [NotAsked, Granted, Refused] {
            for after in [NotAsked, Granted, Refused] {
                let withdrawn = before == Granted && after != Granted;
                assert_eq!(takes_data(before, after), withdrawn, "{before:?} to {after:?}");
            }
        }
        let asked = ConsentPurpose::ALL.iter().filter(|purpose| asks_about(**purpose)).count();
        assert_eq!(asked, 2);
    }

    proptest! {
        #[test]
        fn the_next_delivery_is_the_first_one_not_past(first in 0_u64..4_000, today in 0_u64..4_000, every in 1_u8..=12) {
            let day = |n| date("2020-01-01") + Days::new(n);
            let next = next_on(day(first), every, day(today));
            prop_assert!(next >= day(today) && delivers_on(day(first), every, next));
            let mut earlier = (today..).map(day).take_while(|day| *day < next);
            prop_assert!(!earlier.any(|earlier| delivers_on(day(first), every, earlier)));
        }
    }
}
