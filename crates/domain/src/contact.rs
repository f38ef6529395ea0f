//! How a patron is reached: what an address, a phone number and an e-mail address look like, and which address gets
//! the post.

use crate::{AddressKind, validity};
use chrono::NaiveDate;

/// Longest e-mail address, in characters (RFC 5321, section 4.5.3.1.3, without the angle brackets).
pub const EMAIL_CHARS_MAX: usize = 254;

/// Longest part before the @, in characters (RFC 5321, section 4.5.3.1.1).
const EMAIL_LOCAL_CHARS_MAX: usize = 64;

/// Longest part of a domain name between two dots, in characters (RFC 1035, section 2.3.4).
const DOMAIN_LABEL_CHARS_MAX: usize = 63;

/// Fewest and most digits of a phone number with its country code (ITU-T E.164 sets the upper bound).
pub const PHONE_DIGITS: (usize, usize) = (7, 15);

/// Longest postcode of another country, in characters.
const FOREIGN_POSTCODE_CHARS_MAX: usize = 12;

/// Digits of a Finnish postcode.
const FINNISH_POSTCODE_DIGITS: usize = 5;

/// The country of an address that names none (ISO 3166-1).
pub const HOME_COUNTRY: &str = "FI";

/// Addresses, phone numbers and e-mail addresses of one patron at most, of each.
pub const CONTACTS_MAX: usize = 10;

/// Whether this is a phone number as ITU-T E.164 writes it: a plus, the country code and the number, digits only
/// (A23).
#[must_use]
pub fn is_phone(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    let (min, max) = PHONE_DIGITS;
    // No country code begins with 0.
    (min..=max).contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0')
}

/// The e-mail address in the form in which it is kept: the domain in lower case, the part before the @ as it was
/// written. None for what no mail could reach (A24).
#[must_use]
pub fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let fits = text.len() <= EMAIL_CHARS_MAX && (1..=EMAIL_LOCAL_CHARS_MAX).contains(&local.len());
    let local_is_good = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom));
    let labels: Vec<_> = domain.split('.').collect();
    let domain_is_good = labels.len() >= 2
        && labels.iter().all(|label| is_label(label))
        && labels.last().is_some_and(|last| !last.bytes().all(|byte| byte.is_ascii_digit()));
    (fits && local_is_good && domain_is_good).then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

/// What may stand before the @ (RFC 5322, atext).
fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=DOMAIN_LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Whether this is a country as ISO 3166-1 writes it: two capital letters.
#[must_use]
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether this is a postcode of the country: five digits in Finland and Åland, elsewhere capital letters, digits,
/// blanks and hyphens.
#[must_use]
pub fn is_postcode(country: &str, text: &str) -> bool {
    if matches!(country, HOME_COUNTRY | "AX") {
        return text.len() == FINNISH_POSTCODE_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    }
    let fits = (1..=FOREIGN_POSTCODE_CHARS_MAX).contains(&text.len()) && text.trim() == text;
    fits && text
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b' ' | b'-'))
}

/// An address, as far as post is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostalFacts {
    /// What it is.
    pub kind: AddressKind,
    /// Whether the patron wants post there.
    pub mailing: bool,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day; none means no end.
    pub valid_until: Option<NaiveDate>,
}

/// The place in the list of the address that gets post today (A22): the one that is marked for post, else a
/// temporary one, else a postal one, else the home. Only what holds today counts.
#[must_use]
pub fn mailing_address(addresses: &[PostalFacts], today: NaiveDate) -> Option<usize> {
    let rank = |address: &PostalFacts| match (address.mailing, address.kind) {
        (true, _) => 0,
        (false, AddressKind::Temporary) => 1,
        (false, AddressKind::Postal) => 2,
        (false, AddressKind::Home) => 3,
    };
    let holds = |address: &PostalFacts| validity::holds_on(address.valid_from, address.valid_until, today);
    let standing = addresses.iter().enumerate().filter(|(_, address)| holds(address));
    standing.min_by_key(|(place, address)| (rank(address), *place)).map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::date;

    #[test]
    fn a_phone_number_has_its_country_code_and_digits() {
        for good in ["+358401234567", "+46701234567", "+3585412345", "+12025550123", "+123456789012345"] {
            assert!(is_phone(good), "{good}");
        }
        for bad in [
            "",
            "+",
            "0401234567",
            "358401234567",
            "+0401234567",
            "+358 40 1234567",
            "+358-401234567",
            "+123456",
            "+1234567890123456",
            "+35840123456a",
            "++358401234567",
            "+３５８401234567",
        ] {
            assert!(!is_phone(bad), "{bad}");
        }
    }

    #[test]
    fn an_email_address_can_be_reached() {
        let long_local = "a".repeat(64);
        for (typed, kept) in [
            ("aino@example.fi", "aino@example.fi"),
            ("Aino.Virtanen+kirjasto@Example.FI", "Aino.Virtanen+kirjasto@example.fi"),
            ("o'neil_1@a-b.example.museum", "o'neil_1@a-b.example.museum"),
            ("x@xn--aland-hra.example", "x@xn--aland-hra.example"),
            (&format!("{long_local}@example.fi"), &format!("{long_local}@example.fi")),
        ] {
            assert_eq!(email(typed).as_deref(), Some(kept), "{typed}");
        }
        for bad in [
            "",
            "@",
            "aino",
            "aino@",
            "@example.fi",
            "aino@fi",
            "aino@example",
            "aino@.fi",
            "aino@example.",
            "aino@-example.fi",
            "aino@example-.fi",
            "aino@example.123",
            "aino@192.168.0.1",
            "aino@@example.fi",
            "ai no@example.fi",
            ".aino@example.fi",
            "aino.@example.fi",
            "ai..no@example.fi",
            "aino@example..fi",
            "aino@example.fi ",
            "aino@exa mple.fi",
            "äinö@example.fi",
            "aino@esimerkkiä.fi",
            "\"aino\"@example.fi",
            "aino@example.fi\n",
            "Aino <aino@example.fi>",
            &format!("{}@example.fi", "a".repeat(65)),
            &format!("aino@{}.fi", "a".repeat(64)),
            &format!("aino@{}fi", "abcdefgh.".repeat(30)),
        ] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_postcode_is_one_of_its_country() {
        for (country, good) in
            [("FI", "55100"), ("AX", "22100"), ("SE", "111 22"), ("GB", "SW1A 1AA"), ("PL", "00-950")]
        {
            assert!(is_postcode(country, good), "{country} {good}");
        }
        for (country, bad) in [
            ("FI", "5510"),
            ("FI", "551000"),
            ("FI", "5510A"),
            ("AX", ""),
            ("SE", ""),
            ("SE", " 1"),
            ("GB", "sw1a"),
        ] {
            assert!(!is_postcode(country, bad), "{country} {bad}");
        }
        assert!(is_country("FI") && !is_country("fi") && !is_country("FIN") && !is_country(""));
    }

    #[test]
    fn one_address_gets_the_post() {
        let address = |kind, mailing, from: &str, until: Option<&str>| PostalFacts {
            kind,
            mailing,
            valid_from: date(from),
            valid_until: until.map(date),
        };
        let home = address(AddressKind::Home, false, "2020-01-01", None);
        let postal = address(AddressKind::Postal, false, "2020-01-01", None);
        let summer = address(AddressKind::Temporary, false, "2026-06-01", Some("2026-08-31"));
        let marked = PostalFacts { mailing: true, ..home };
        let past = PostalFacts { valid_until: Some(date("2026-06-30")), ..marked };
        let table: [(&[PostalFacts], &str, Option<usize>); 9] = [
            (&[], "2026-07-01", None),
            (&[home], "2026-07-01", Some(0)),
            (&[home, postal], "2026-07-01", Some(1)),
            (&[home, postal, summer], "2026-05-31", Some(1)),
            (&[home, postal, summer], "2026-06-01", Some(2)),
            (&[home, postal, summer], "2026-08-31", Some(2)),
            (&[home, postal, summer], "2026-09-01", Some(1)),
            (&[marked, postal, summer], "2026-07-01", Some(0)),
            (&[past, postal, summer], "2026-07-01", Some(2)),
        ];
        for (addresses, today, expected) in table {
            assert_eq!(mailing_address(addresses, date(today)), expected, "{addresses:?} on {today}");
        }
    }
}
