//! Ages, counted in whole years on the civil calendar.
//!
//! Ages are derived at the moment of the question and never stored (A17). Only dates are compared,
//! never instants: a birthday counts from local midnight, also on a day whose midnight the clocks
//! skipped, such as 3 April 1942 in Helsinki.

use chrono::{Datelike, NaiveDate};

/// The age in full years on the day `today`; 0 for a birth date that lies ahead.
///
/// Who was born on 29 February turns a year older on the last day of February in the years that have
/// no such day (Act 150/1930 on the calculation of statutory time limits, section 3).
#[must_use]
pub fn age_on(birth: NaiveDate, today: NaiveDate) -> u32 {
    let years = today.year() - birth.year();
    let had_birthday = (today.month(), today.day()) >= birthday_in(birth, today.year());
    let age = if had_birthday { years } else { years - 1 };
    age.try_into().unwrap_or(0)
}

/// Whether somebody born on `birth` is at least `years` old on the day `today`. Everybody is 0.
#[must_use]
pub fn has_reached(birth: NaiveDate, years: u8, today: NaiveDate) -> bool {
    age_on(birth, today) >= u32::from(years)
}

/// The day on which somebody born on `birth` turns `years` old; none beyond the calendar.
#[must_use]
pub fn birthday_on(birth: NaiveDate, years: u8) -> Option<NaiveDate> {
    let year = birth.year().checked_add(i32::from(years))?;
    let (month, day) = birthday_in(birth, year);
    NaiveDate::from_ymd_opt(year, month, day)
}

/// Month and day of the birthday in `year`.
fn birthday_in(birth: NaiveDate, year: i32) -> (u32, u32) {
    let day = birth.with_year(year).map_or(28, |same_day| same_day.day());
    (birth.month(), day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{date, local, utc};
    use proptest::prelude::*;

    #[test]
    fn ages_on_and_around_birthdays() {
        let table = [
            ("2011-05-20", "2026-05-19", 14),
            ("2011-05-20", "2026-05-20", 15),
            ("2010-05-20", "2026-05-19", 15),
            ("2010-05-20", "2026-05-20", 16),
            ("2008-12-31", "2026-12-30", 17),
            ("2008-12-31", "2026-12-31", 18),
            ("2008-01-01", "2025-12-31", 17),
            ("2008-01-01", "2026-01-01", 18),
            ("1942-04-03", "2026-04-02", 83),
            ("1942-04-03", "2026-04-03", 84),
            // 29 February: the last day of February in common years, the day itself in leap years.
            ("2008-02-29", "2026-02-27", 17),
            ("2008-02-29", "2026-02-28", 18),
            ("2008-02-29", "2024-02-28", 15),
            ("2008-02-29", "2024-02-29", 16),
            ("2008-02-29", "2100-02-28", 92),
            // 28 February is a birthday like any other.
            ("2008-02-28", "2024-02-28", 16),
            ("2026-05-20", "2026-05-20", 0),
            ("2027-01-01", "2026-05-20", 0),
            ("2026-05-21", "2026-05-20", 0),
        ];
        for (birth, today, age) in table {
            assert_eq!(age_on(date(birth), date(today)), age, "born {birth}, on {today}");
        }
    }

    #[test]
    fn a_birthday_begins_at_local_midnight_not_at_midnight_utc() {
        // Winter time: local midnight is 22:00 UTC; summer time: 21:00 UTC.
        let table = [
            ("2011-01-15", "2026-01-14T21:59:59Z", false),
            ("2011-01-15", "2026-01-14T22:00:00Z", true),
            ("2011-07-15", "2026-07-14T20:59:59Z", false),
            ("2011-07-15", "2026-07-14T21:00:00Z", true),
            // The nights on which the clocks change: 29 March and 25 October 2026.
            ("2011-03-29", "2026-03-28T21:59:59Z", false),
            ("2011-03-29", "2026-03-28T22:00:00Z", true),
            ("2011-03-30", "2026-03-29T20:59:59Z", false),
            ("2011-03-30", "2026-03-29T21:00:00Z", true),
            ("2011-10-25", "2026-10-24T20:59:59Z", false),
            ("2011-10-25", "2026-10-24T21:00:00Z", true),
            ("2011-10-26", "2026-10-25T21:59:59Z", false),
            ("2011-10-26", "2026-10-25T22:00:00Z", true),
        ];
        for (birth, at, reached) in table {
            assert_eq!(has_reached(date(birth), 15, utc(at).today()), reached, "born {birth}, at {at}");
        }
    }

    #[test]
    fn a_midnight_that_never_was_still_begins_the_day() {
        // Helsinki went from 23:59:59 on 2 April 1942 to 01:00 on 3 April.
        assert_eq!(age_on(date("1942-04-03"), local("2026-04-03 00:00").today()), 84);
        assert_eq!(age_on(date("1942-04-03"), local("2026-04-02 23:59").today()), 83);
    }

    proptest! {
        #[test]
        fn a_birthday_is_the_first_day_of_its_age(birth in 0_u32..60_000, years in 0_u8..=120) {
            let birth = date("1900-01-01") + chrono::Days::new(u64::from(birth));
            let birthday = birthday_on(birth, years).unwrap();
            prop_assert!(has_reached(birth, years, birthday));
            prop_assert!(years == 0 || !has_reached(birth, years, birthday.pred_opt().unwrap()));
        }

        #[test]
        fn nobody_grows_younger(birth in 0_u32..60_000, today in 0_u32..60_000) {
            let day = |n: u32| date("1900-01-01") + chrono::Days::new(u64::from(n));
            let before = age_on(day(birth), day(today));
            let after = age_on(day(birth), day(today + 1));
            prop_assert!(after == before || after == before + 1);
        }
    }
}
