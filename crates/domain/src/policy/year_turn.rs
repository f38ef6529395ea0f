//! The day of the year from which on old debt blocks: `02-01`.

use super::value::PolicyValue;
use chrono::{Datelike as _, NaiveDate};

/// What stands in a policy row for "never".
const NEVER: &str = "none";

/// A day that every year has, from which on any debt of an earlier calendar year blocks borrowing, however small
/// it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearTurn {
    month: u32,
    day: u32,
}

impl YearTurn {
    /// The day of this month, or none where not every year has it: 29 February.
    #[must_use]
    pub fn new(month: u32, day: u32) -> Option<Self> {
        /// A year that is no leap year.
        const COMMON_YEAR: i32 = 2001;
        NaiveDate::from_ymd_opt(COMMON_YEAR, month, day).map(|_| Self { month, day })
    }

    /// Whether debt that began on `since` blocks on `today`: from this day of the year after it.
    #[must_use]
    pub fn blocks(self, since: NaiveDate, today: NaiveDate) -> bool {
        NaiveDate::from_ymd_opt(since.year() + 1, self.month, self.day).is_some_and(|turn| turn <= today)
    }
}

impl PolicyValue for Option<YearTurn> {
    type Bounds = ();

    fn parse(text: &str, (): &()) -> Option<Self> {
        if text == NEVER {
            return Some(None);
        }
        let (month, day) = text.split_once('-')?;
        let number = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse().ok())?
        };
        YearTurn::new(number(month)?, number(day)?).map(Some)
    }

    fn allowed((): &()) -> String {
        format!("month and day as MM-DD, not 02-29 | {NEVER}")
    }

    fn text(self) -> String {
        self.map_or_else(|| NEVER.to_owned(), |YearTurn { month, day }| format!("{month:02}-{day:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    #[test]
    fn debt_of_an_earlier_year_blocks_from_the_day_on() {
        let february = YearTurn::new(2, 1).unwrap();
        let table = [
            ("2026-01-01", "2026-12-31", false),
            ("2026-12-31", "2027-01-31", false),
            ("2026-12-31", "2027-02-01", true),
            ("2026-01-01", "2027-02-01", true),
            ("2025-12-31", "2027-01-15", true),
            ("2027-01-01", "2027-02-01", false),
        ];
        for (since, today, blocks) in table {
            assert_eq!(february.blocks(date(since), date(today)), blocks, "{since} on {today}");
        }
    }

    #[test]
    fn every_year_has_the_day() {
        let table = [
            ("01-01", true),
            ("12-31", true),
            ("02-28", true),
            ("none", true),
            ("02-29", false),
            ("13-01", false),
            ("1-1", false),
            ("+1-01", false),
            ("", false),
        ];
        for (text, right) in table {
            let value = Option::<YearTurn>::parse(text, &());
            assert_eq!(value.is_some(), right, "{text:?}");
            assert!(value.is_none_or(|value| value.text() == text), "{text:?}");
        }
    }
}
