//! Whether a personal identity code can be that of somebody who walks into a library.

use crate::age;
use chrono::NaiveDate;

/// The greatest age, in years, that is taken for true. Some scanners read `+` where `-` is printed, which makes
/// somebody a hundred years older.
pub const AGE_YEARS_MAX: u32 = 120;

/// Whether somebody with this birth date can be alive on the day `today`.
#[must_use]
pub fn is_plausible(birth_date: NaiveDate, today: NaiveDate) -> bool {
    birth_date <= today && age::age_on(birth_date, today) <= AGE_YEARS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    #[test]
    fn nobody_is_born_tomorrow_or_a_hundred_years_too_early() {
        let table = [
            ("2026-05-20", true),
            ("2026-05-21", false),
            ("1994-05-01", true),
            ("1894-05-01", false),
            ("1905-05-21", true),
            ("1905-05-20", false),
        ];
        for (born, plausible) in table {
            assert_eq!(is_plausible(date(born), date("2026-05-20")), plausible, "{born}");
        }
    }
}
