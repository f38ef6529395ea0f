//! Municipality codes and what took their place: on 1 January 2016 Hämeenkoski (283) became a part of Hollola (098).

use crate::validity::holds_on;
use chrono::NaiveDate;

/// A municipality code and the days on which it was one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Municipality {
    /// Three digits.
    pub code: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means until further notice.
    pub valid_until: Option<NaiveDate>,
    /// The code that took its place after the last day.
    pub successor: Option<String>,
}

/// What a code stands for on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// A municipality: the one of the code, or the one that took its place.
    Is(&'a str),
    /// None any more, and nothing took its place.
    Ended,
    /// None yet, or one that was never named.
    Unknown,
}

/// The municipality for which `code` stands on `day`, through as many mergers as there were. A circle of successors
/// ends where it began: [`Standing::Ended`].
#[must_use]
pub fn standing<'a>(all: &'a [Municipality], code: &'a str, day: NaiveDate) -> Standing<'a> {
    let mut asked = code;
    // Each step follows another entry, so no more steps than entries lead anywhere.
    for _ in 0..=all.len() {
        let of_code = || all.iter().filter(|entry| entry.code == asked);
        if let Some(entry) = of_code().find(|entry| holds_on(entry.valid_from, entry.valid_until, day)) {
            return Standing::Is(&entry.code);
        }
        let past = of_code().filter(|entry| entry.valid_until.is_some_and(|last| last < day));
        match past.max_by_key(|entry| entry.valid_from) {
            None if asked == code => return Standing::Unknown,
            None => return Standing::Ended,
            Some(entry) => match &entry.successor {
                None => return Standing::Ended,
                Some(next) => asked = next,
            },
        }
    }
    Standing::Ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    fn entry(code: &str, first: &str, last: Option<&str>, successor: Option<&str>) -> Municipality {
        Municipality {
            code: code.to_owned(),
            valid_from: date(first),
            valid_until: last.map(date),
            successor: successor.map(str::to_owned),
        }
    }

    #[test]
    fn a_merger_leads_to_the_municipality_of_the_day() {
        let all = [
            entry("283", "1900-01-01", Some("2015-12-31"), Some("098")),
            entry("098", "1900-01-01", None, None),
            entry("532", "1900-01-01", Some("2015-12-31"), Some("398")),
            entry("398", "1900-01-01", Some("2029-12-31"), Some("999")),
            entry("999", "2030-01-01", None, None),
            entry("111", "1900-01-01", Some("1999-12-31"), None),
            entry("222", "1900-01-01", Some("1999-12-31"), Some("404")),
        ];
        let table = [
            ("283", "2015-12-31", Standing::Is("283")),
            ("283", "2016-01-01", Standing::Is("098")),
            ("098", "2016-01-01", Standing::Is("098")),
            ("532", "2016-01-01", Standing::Is("398")),
            ("532", "2029-12-31", Standing::Is("398")),
            ("532", "2030-01-01", Standing::Is("999")),
            ("999", "2029-12-31", Standing::Unknown),
            ("111", "2000-01-01", Standing::Ended),
            ("222", "2000-01-01", Standing::Ended),
            ("404", "2000-01-01", Standing::Unknown),
        ];
        for (code, day, expected) in table {
            assert_eq!(standing(&all, code, date(day)), expected, "{code} on {day}");
        }
    }

    #[test]
    fn a_code_that_came_back_is_one_again() {
        let all = [
            entry("500", "1950-01-01", Some("1959-12-31"), Some("501")),
            entry("501", "1950-01-01", None, None),
            entry("500", "1970-01-01", None, None),
        ];
        for (day, code) in [("1955-01-01", "500"), ("1965-01-01", "501"), ("1970-01-01", "500")] {
            assert_eq!(standing(&all, "500", date(day)), Standing::Is(code), "{day}");
        }
    }

    #[test]
    fn a_circle_ends() {
        let all = [
            entry("001", "1900-01-01", Some("1999-12-31"), Some("002")),
            entry("002", "1900-01-01", Some("1999-12-31"), Some("001")),
        ];
        assert_eq!(standing(&all, "001", date("2000-01-01")), Standing::Ended);
    }
}
