//! What makes a staff request well formed. Each fault names the field and what would be right, never the value.

use crate::status::Fault;
use chrono::{DateTime, NaiveDate, SubsecRound as _, Utc};
use kortisto::staff::v1;
use kortisto_domain::Purpose;
use kortisto_vault::Password;
use prost_types::Timestamp;

pub(super) use crate::services::fields::{code, id, page_size};

/// A code, where an empty text means none.
pub(super) fn optional_code(field: &'static str, given: &str) -> Result<Option<String>, Fault> {
    if given.is_empty() { Ok(None) } else { code(field, given).map(Some) }
}

/// An instant of the years 1850 to 2200, to the microsecond; unset means none.
pub(super) fn optional_instant(
    field: &'static str,
    given: Option<&Timestamp>,
) -> Result<Option<DateTime<Utc>>, Fault> {
    let Some(given) = given else { return Ok(None) };
    let nanos = u32::try_from(given.nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let instant = nanos.and_then(|nanos| DateTime::from_timestamp(given.seconds, nanos));
    let in_range = |instant: &DateTime<Utc>| {
        use chrono::Datelike as _;
        (1850..=2200).contains(&instant.year())
    };
    let instant = instant.filter(in_range).map(|instant| instant.trunc_subsecs(6));
    instant.map(Some).ok_or_else(|| Fault::field(field, "an instant of the years 1850 to 2200"))
}

/// A password, as far as its form goes.
pub(super) fn password(field: &'static str, given: &str) -> Result<Password, Fault> {
    Password::parse(given).map_err(|_| Fault::field(field, "8 to 128 characters that a keyboard types"))
}

/// Text of a person's own words or name: no control characters, no blanks at its ends, 1 to `chars_max` characters.
pub(super) fn text(field: &'static str, text: &str, chars_max: usize) -> Result<String, Fault> {
    let fits = !text.is_empty() && text.chars().count() <= chars_max;
    if fits && text.trim() == text && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Fault::field(field, format!("1 to {chars_max} printable characters, without blanks at its ends")))
    }
}

/// The same, where an empty text means none.
pub(super) fn optional_text(
    field: &'static str,
    given: &str,
    chars_max: usize,
) -> Result<Option<String>, Fault> {
    if given.is_empty() { Ok(None) } else { text(field, given, chars_max).map(Some) }
}

/// A date in ISO 8601, for example 2016-02-29.
pub(super) fn date(field: &'static str, text: &str) -> Result<NaiveDate, Fault> {
    let fault = || Fault::field(field, "a date that exists, as YYYY-MM-DD, of the years 1850 to 2200");
    let parsed = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    let in_range = |date: &NaiveDate| ("1850".."2201").contains(&&text[..4]) && date.to_string() == text;
    parsed.filter(in_range).ok_or_else(fault)
}

/// The same, where an empty text means none.
pub(super) fn optional_date(field: &'static str, text: &str) -> Result<Option<NaiveDate>, Fault> {
    if text.is_empty() { Ok(None) } else { date(field, text).map(Some) }
}

/// A purpose; none where it is unspecified. A number that this version does not know is refused.
pub(super) fn purpose(number: i32) -> Result<Option<Purpose>, Fault> {
    let fault = || Fault::field("purpose", "one of the values of kortisto.staff.v1.Purpose");
    match v1::Purpose::try_from(number).map_err(|_| fault())? {
        v1::Purpose::Unspecified => Ok(None),
        _ => i16::try_from(number)
            .ok()
            .and_then(|code| Purpose::try_from(code).ok())
            .map(Some)
            .ok_or_else(fault),
    }
}

/// A value of an enum whose numbers are those of the register's codes; unspecified and unknown are refused.
pub(super) fn coded<T: TryFrom<i16>>(field: &'static str, number: i32) -> Result<T, Fault> {
    let value = i16::try_from(number).ok().and_then(|code| T::try_from(code).ok());
    value.ok_or_else(|| Fault::field(field, "one of the values of its enum, not unspecified"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_exists_and_has_one_form() {
        for good in ["2016-02-29", "1942-04-03", "1850-01-01", "2200-12-31"] {
            assert!(date("birth_date", good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "2015-02-29",
            "2016-2-29",
            "29.2.2016",
            "2016-02-29T00:00",
            "1849-12-31",
            "2201-01-01",
            "+999-01-01",
        ] {
            assert!(date("birth_date", bad).is_err(), "{bad}");
        }
        assert_eq!(optional_date("birth_date", ""), Ok(None));
    }

    #[test]
    fn an_instant_exists_and_is_kept_to_the_microsecond() {
        let stamp = |seconds, nanos| Timestamp { seconds, nanos };
        let good = optional_instant("from", Some(&stamp(1_750_000_000, 1_999))).unwrap().unwrap();
        assert_eq!((good.timestamp(), good.timestamp_subsec_nanos()), (1_750_000_000, 1_000));
        assert_eq!(optional_instant("from", None), Ok(None));
        for bad in [stamp(0, -1), stamp(0, 1_000_000_000), stamp(i64::MAX, 0), stamp(-5_000_000_000, 0)] {
            assert!(optional_instant("from", Some(&bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_text_is_bounded_and_printable() {
        assert!(text("name", "Åsa von Õ", 100).is_ok());
        for bad in ["", " a", "a ", "a\u{0}b", "a\nb", &"x".repeat(101)] {
            assert!(text("name", bad, 100).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn purposes_of_contract_and_register_have_the_same_numbers() {
        for own in Purpose::ALL {
            let name = own.word().to_uppercase().replace('-', "_");
            let theirs = v1::Purpose::from_str_name(&format!("PURPOSE_{name}"));
            assert_eq!(theirs.map(i32::from), Some(i32::from(own.code())), "{own:?}");
            assert_eq!(purpose(i32::from(own.code())), Ok(Some(*own)));
        }
        assert_eq!(purpose(0), Ok(None));
        assert!(purpose(99).is_err() && purpose(-1).is_err());
    }
}
