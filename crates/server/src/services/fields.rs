//! What makes a request well formed. Each fault names the field and what would be right, never the
//! value.

use crate::status::Fault;
use chrono::NaiveDate;
use kortisto_register::staff::PAGE_SIZE_MAX;
use kortisto_vault::{LengthRange, Password, Pin, token_hash};
use uuid::Uuid;

/// Longest card number, barcode or resource code, in characters.
pub(super) const CODE_CHARS_MAX: usize = 64;

/// Longest page token, in characters.
pub(super) const PAGE_TOKEN_CHARS_MAX: usize = 128;

/// Rows on a page, when the request asks for no number.
pub(super) const PAGE_SIZE_DEFAULT: usize = 50;

/// Ages that one request may ask about.
pub(super) const AGE_LIMITS_MAX: usize = 5;

/// The highest age that may be asked about, in years.
pub(super) const AGE_YEARS_MAX: u8 = 120;

/// Longest certificate request, in bytes.
pub(super) const CERTIFICATE_REQUEST_BYTES_MAX: usize = 8 * 1024;

/// A UUID in its usual form of 36 characters.
pub(super) fn id(field: &'static str, text: &str) -> Result<Uuid, Fault> {
    // The length first: other forms of a UUID would be other bytes for one id.
    let parsed = (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten();
    parsed.filter(|id| !id.is_nil()).ok_or_else(|| Fault::field(field, "a UUID of 36 characters, not nil"))
}

/// A card number, barcode or code: opaque, printable, bounded.
pub(super) fn code(field: &'static str, text: &str) -> Result<String, Fault> {
    let printable = text.chars().all(|c| !c.is_control() && !is_invisible(c));
    let trimmed = text.trim() == text;
    let fits = !text.is_empty() && text.chars().count() <= CODE_CHARS_MAX;
    if printable && trimmed && fits {
        Ok(text.to_owned())
    } else {
        Err(Fault::field(field, "1 to 64 printable characters, without blanks at its ends"))
    }
}

/// A code, where an empty text means none.
pub(super) fn optional_code(field: &'static str, given: &str) -> Result<Option<String>, Fault> {
    if given.is_empty() { Ok(None) } else { code(field, given).map(Some) }
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

/// Characters that a person cannot see and a scanner does not send.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The hash of a patron token.
pub(super) fn token(text: &str) -> Result<[u8; 32], Fault> {
    token_hash(text)
        .ok_or_else(|| Fault::field("patron_token", "the 43 characters that AuthenticatePatron gave"))
}

/// A PIN. Only its form is looked at: its length by policy is not told apart from a wrong PIN.
pub(super) fn pin(text: &str) -> Result<Pin, Fault> {
    Pin::parse(text, LengthRange::WIDEST).map_err(|_| Fault::field("pin", "4 to 12 digits"))
}

/// A PIN that somebody wants; whether it may be chosen is the register's to say.
pub(super) fn new_pin(text: &str) -> Result<Pin, Fault> {
    Pin::parse(text, LengthRange::WIDEST).map_err(|_| Fault::field("new_pin", "4 to 12 digits"))
}

/// A password. Only its form is looked at.
pub(super) fn password(field: &'static str, text: &str) -> Result<Password, Fault> {
    Password::parse(text).map_err(|_| Fault::field(field, "8 to 128 characters, no control characters"))
}

/// How many rows a page may have.
pub(super) fn page_size(asked: i32) -> Result<usize, Fault> {
    match usize::try_from(asked) {
        Err(_) => Err(Fault::field("page_size", "0 for the default, or 1 to 100")),
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) => Ok(size.min(PAGE_SIZE_MAX)),
    }
}

/// The ages to assert.
pub(super) fn age_limits(asked: &[i32]) -> Result<Vec<u8>, Fault> {
    let fault = || Fault::field("age_limits", "at most 5 ages of 0 to 120 years");
    if asked.len() > AGE_LIMITS_MAX {
        return Err(fault());
    }
    let ages = asked.iter().map(|age| u8::try_from(*age).ok().filter(|age| *age <= AGE_YEARS_MAX));
    ages.collect::<Option<_>>().ok_or_else(fault)
}

/// A certificate request, as far as its length goes.
pub(super) fn certificate_request(text: String) -> Result<String, Fault> {
    if text.is_empty() || text.len() > CERTIFICATE_REQUEST_BYTES_MAX {
        return Err(Fault::field("certificate_request_pem", "a PKCS#10 request in PEM, at most 8 KiB"));
    }
    Ok(text)
}

/// The key of something that an rpc has given.
pub(super) fn key(field: &'static str, key: i64) -> Result<i64, Fault> {
    if key > 0 { Ok(key) } else { Err(Fault::field(field, "a positive number that another rpc has given")) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_form() {
        let good = "0190c1f2-7b3a-7cde-8f01-23456789abcd";
        assert!(id("request_id", good).is_ok());
        for bad in [
            "",
            "0190c1f27b3a7cde8f0123456789abcd",
            "{0190c1f2-7b3a-7cde-8f01-23456789abcd}",
            "00000000-0000-0000-0000-000000000000",
            "0190c1f2-7b3a-7cde-8f01-23456789abcg",
            "urn:uuid:0190c1f2-7b3a-7cde-8f01-2345",
        ] {
            assert_eq!(
                id("request_id", bad),
                Err(Fault::field("request_id", "a UUID of 36 characters, not nil")),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_code_is_opaque_but_printable_and_bounded() {
        for good in ["853A3398527", "OUTI0000001", "å-Ä 7", &"x".repeat(64), &"å".repeat(64)] {
            assert!(code("card_number", good).is_ok(), "{good}");
        }
        for bad in
            ["", " ", "a ", " a", "a\0b", "a\nb", "a\u{7f}", "a\u{202e}b", "\u{feff}a", &"x".repeat(65)]
        {
            assert!(code("card_number", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ages_and_pages_are_bounded() {
        assert_eq!(age_limits(&[0, 15, 120]), Ok(vec![0, 15, 120]));
        for bad in [&[-1][..], &[121], &[i32::MAX], &[1, 2, 3, 4, 5, 6]] {
            assert!(age_limits(bad).is_err(), "{bad:?}");
        }
        for (asked, size) in [(0, 50), (1, 1), (100, 100), (101, 100), (i32::MAX, 100)] {
            assert_eq!(page_size(asked), Ok(size));
        }
        assert!(page_size(-1).is_err());
    }

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
    fn a_pin_is_digits_only() {
        for bad in ["", "123", "1234567890123", "12a4", "١٢٣٤", " 1234", "1234\0"] {
            assert!(pin(bad).is_err(), "{bad:?}");
        }
        assert!(pin("0000").is_ok());
    }
}
