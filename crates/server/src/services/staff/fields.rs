//! What makes a staff request well formed. Each fault names the field and what would be right, never the value.

pub(super) use crate::services::fields::{
    code, date, id, key, optional_code, optional_date, page_size, password, text,
};
use crate::services::page_token;
use crate::status::Fault;
use chrono::{DateTime, Datelike as _, NaiveDate, SubsecRound as _, Utc};
use kortisto::staff::v1;
use kortisto_domain::{Purpose, contact};
use kortisto_register::staff::Page;
use kortisto_vault::IdentityCode;
use prost_types::Timestamp;

/// A key as [`key`] reads it, where 0 means none.
pub(super) fn optional_key(field: &'static str, given: i64) -> Result<Option<i64>, Fault> {
    if given == 0 { Ok(None) } else { key(field, given).map(Some) }
}

/// A text of several lines: printable characters and line feeds, no blanks at its ends, 1 to `chars_max` characters.
pub(super) fn prose(field: &'static str, text: &str, chars_max: usize) -> Result<String, Fault> {
    let fits = !text.is_empty() && text.chars().count() <= chars_max;
    if fits && text.trim() == text && !text.chars().any(|c| c.is_control() && c != '\n') {
        return Ok(text.to_owned());
    }
    let rule = format!("1 to {chars_max} printable characters and line feeds, without blanks at its ends");
    Err(Fault::field(field, rule))
}

/// The same, where an empty text means none.
pub(super) fn optional_prose(
    field: &'static str,
    given: &str,
    chars_max: usize,
) -> Result<Option<String>, Fault> {
    if given.is_empty() { Ok(None) } else { prose(field, given, chars_max).map(Some) }
}

/// Which page of a list in the order of a key.
pub(super) fn page<K: page_token::Key>(size: i32, token: &str) -> Result<Page<K>, Fault> {
    Ok(Page { size: page_size(size)?, after: page_token::place(token)? })
}

/// A text as [`text`] reads it, where an empty one means none.
pub(super) fn optional_text(
    field: &'static str,
    given: &str,
    chars_max: usize,
) -> Result<Option<String>, Fault> {
    if given.is_empty() { Ok(None) } else { text(field, given, chars_max).map(Some) }
}

/// A message that must be there.
pub(super) fn message<T>(field: &'static str, given: Option<T>) -> Result<T, Fault> {
    given.ok_or_else(|| Fault::field(field, "given, with its fields"))
}

/// An instant of the years 2000 to 2200, to the microsecond; none where it is unset.
pub(super) fn optional_instant(
    field: &'static str,
    given: Option<Timestamp>,
) -> Result<Option<DateTime<Utc>>, Fault> {
    let fault = || Fault::field(field, "an instant of the years 2000 to 2200");
    let Some(given) = given else { return Ok(None) };
    let nanos = u32::try_from(given.nanos).map_err(|_| fault())?;
    let instant = DateTime::from_timestamp(given.seconds, nanos).ok_or_else(fault)?;
    let in_range = (2000..=2200).contains(&instant.year());
    in_range.then(|| Some(instant.trunc_subsecs(6))).ok_or_else(fault)
}

/// A phone number, ITU-T E.164.
pub(super) fn phone(field: &'static str, text: String) -> Result<String, Fault> {
    let rule = "a plus, the country code and the number, 7 to 15 digits without blanks, as +358401234567";
    if contact::is_phone(&text) { Ok(text) } else { Err(Fault::field(field, rule)) }
}

/// An e-mail address in the form in which it is kept.
pub(super) fn email(field: &'static str, text: &str) -> Result<String, Fault> {
    let rule = "an e-mail address of at most 254 characters, as name@example.fi";
    contact::email(text).ok_or_else(|| Fault::field(field, rule))
}

/// A first day and a last one that is not before it, where empty means no end.
pub(super) fn days(
    first_field: &'static str,
    first: &str,
    last_field: &'static str,
    last: &str,
) -> Result<(NaiveDate, Option<NaiveDate>), Fault> {
    let first = date(first_field, first)?;
    let last = optional_date(last_field, last)?;
    if last.is_some_and(|last| last < first) {
        return Err(Fault::field(last_field, "the first day or later, or empty for no end"));
    }
    Ok((first, last))
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

/// The same, where unspecified means none.
pub(super) fn optional_coded<T: TryFrom<i16>>(field: &'static str, number: i32) -> Result<Option<T>, Fault> {
    if number == 0 { Ok(None) } else { coded(field, number).map(Some) }
}

/// A personal identity code. What is wrong is said; what was typed is not.
pub(super) fn identity_code(field: &'static str, text: &str) -> Result<IdentityCode, Fault> {
    IdentityCode::parse(text).map_err(|fault| Fault::field(field, fault.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_bounded_and_printable() {
        assert!(text("name", "Åsa von Õ", 100).is_ok());
        for bad in ["", " a", "a ", "a\u{0}b", "a\nb", &"x".repeat(101)] {
            assert!(text("name", bad, 100).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_instant_is_near_and_to_the_microsecond() {
        let at = |seconds, nanos| optional_instant("expires_at", Some(Timestamp { seconds, nanos }));
        assert_eq!(optional_instant("expires_at", None), Ok(None));
        let instant = at(1_800_000_000, 123_456_789).unwrap().unwrap();
        assert_eq!((instant.timestamp(), instant.timestamp_subsec_nanos()), (1_800_000_000, 123_456_000));
        for (seconds, nanos) in
            [(0, 0), (i64::MAX, 0), (1_800_000_000, -1), (1_800_000_000, i32::MAX), (-5_000_000_000, 0)]
        {
            assert!(at(seconds, nanos).is_err(), "{seconds} {nanos}");
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
