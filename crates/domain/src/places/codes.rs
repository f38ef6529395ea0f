//! Codes of organisations and places: municipalities, business ids, ISIL.

/// Digits of a municipality code (Statistics Finland).
pub const MUNICIPALITY_DIGITS: usize = 3;

/// Longest ISIL, in characters (ISO 15511).
pub const ISIL_CHARS_MAX: usize = 16;

/// Longest prefix of an ISIL, in characters.
const ISIL_PREFIX_CHARS_MAX: usize = 4;

/// Longest part of an ISIL after the hyphen, in characters.
const ISIL_UNIT_CHARS_MAX: usize = 11;

/// The weights of the digits of a business id.
const BUSINESS_ID_WEIGHTS: [u32; 7] = [7, 9, 10, 5, 8, 4, 2];

/// Whether a text has the form of a municipality code: three digits, with leading zeros.
#[must_use]
pub fn is_municipality(text: &str) -> bool {
    text.len() == MUNICIPALITY_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is an ISIL (ISO 15511), for example `FI-H`: a prefix, a hyphen, and the unit, of Latin letters and
/// digits; in the unit also `:`, `/` and `-`.
#[must_use]
pub fn is_isil(text: &str) -> bool {
    let Some((prefix, unit)) = text.split_once('-') else { return false };
    let unit_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'/' | b'-');
    (1..=ISIL_PREFIX_CHARS_MAX).contains(&prefix.len())
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (1..=ISIL_UNIT_CHARS_MAX).contains(&unit.len())
        && unit.bytes().all(unit_byte)
}

/// Whether a text is a Finnish business id (Y-tunnus): seven digits, a hyphen and the right check digit, the weighted
/// sum modulo 11 taken from 11. A remainder of 1 has no check digit, and such ids are never given out.
#[must_use]
pub fn is_business_id(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 9 || bytes[7] != b'-' || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return false;
    }
    let digit = |index: usize| u32::from(bytes[index].wrapping_sub(b'0'));
    let sum: u32 = BUSINESS_ID_WEIGHTS.iter().enumerate().map(|(index, weight)| weight * digit(index)).sum();
    let check = match sum % 11 {
        0 => 0,
        1 => return false,
        rest => 11 - rest,
    };
    bytes[..7].iter().all(u8::is_ascii_digit) && digit(8) == check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_municipality_is_three_digits() {
        for (text, right) in [("098", true), ("398", true), ("98", false), ("0398", false), ("39a", false)] {
            assert_eq!(is_municipality(text), right, "{text}");
        }
    }

    #[test]
    fn an_isil_has_a_prefix_and_a_unit() {
        let table = [
            ("FI-H", true),
            ("FI-Hmlk1", true),
            ("DE-12/3:4-5", true),
            ("FI-", false),
            ("FI", false),
            ("-H", false),
            ("FIFIF-H", false),
            ("FI-123456789012", false),
            ("FI-Å", false),
            ("FI-a b", false),
            ("", false),
        ];
        for (text, right) in table {
            assert_eq!(is_isil(text), right, "{text}");
        }
    }

    #[test]
    fn a_business_id_has_the_right_check_digit() {
        let table = [
            ("0129261-5", true),
            ("0129261-4", false),
            ("0000000-0", true),
            ("0129261", false),
            ("01292615", false),
            ("0129-61-5", false),
            ("012926--5", false),
            ("0129261--", false),
            ("012926a-5", false),
            ("", false),
        ];
        for (text, right) in table {
            assert_eq!(is_business_id(text), right, "{text}");
        }
        // 6 x 2 = 12, of which 1 remains: no digit is right.
        for check in 0..=9 {
            assert!(!is_business_id(&format!("0000006-{check}")), "{check}");
        }
    }
}
