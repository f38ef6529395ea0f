//! Whether a number is one of the consortium's cards (A26).
//!
//! A card number is an opaque text: libraries have numbers with letters, of several lengths, and take other
//! libraries' cards as theirs. So a consortium lists the forms it knows, each with a check character or none.

use crate::CheckDigit;
use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 200;

/// What a compiled pattern may take, in bytes, so that no pattern takes the memory of a server.
const COMPILED_BYTES_MAX: usize = 64 * 1024;

/// The characters of Code 39, in the order of their values for modulo 43.
const CODE_39: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

/// One form that card numbers have.
#[derive(Debug, Clone)]
pub struct CardPattern {
    whole: Regex,
    check: CheckDigit,
}

/// A text that is no pattern: not a regular expression, or one that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternFault;

impl CardPattern {
    /// The form of numbers that match `pattern` as a whole, a regular expression without look-around and
    /// backreferences, and whose last character is right.
    ///
    /// # Errors
    /// [`PatternFault`].
    pub fn new(pattern: &str, check: CheckDigit) -> Result<Self, PatternFault> {
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX {
            return Err(PatternFault);
        }
        // Compiled by itself first: within the group, `a)|(b` would be one.
        let compile = |text: &str| RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).build();
        compile(pattern).map_err(|_| PatternFault)?;
        let whole = compile(&format!(r"\A(?:{pattern})\z")).map_err(|_| PatternFault)?;
        Ok(Self { whole, check })
    }

    /// Whether the number has this form.
    #[must_use]
    pub fn fits(&self, number: &str) -> bool {
        self.whole.is_match(number)
            && match self.check {
                CheckDigit::None => true,
                CheckDigit::Modulo10 => is_modulo_10(number),
                CheckDigit::Modulo43 => is_modulo_43(number),
            }
    }
}

/// Whether a number has one of these forms; where none is listed, every number will do.
#[must_use]
pub fn is_ours(patterns: &[CardPattern], number: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.fits(number))
}

/// Digits only, the last one making the sum divisible by ten when every second digit before it is doubled (the sum of
/// its digits counting), from the right.
fn is_modulo_10(number: &str) -> bool {
    let mut sum = 0;
    for (place, byte) in number.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0') * if place % 2 == 1 { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
    }
    number.len() > 1 && sum % 10 == 0
}

/// Characters of Code 39 only, the last one having the value of the sum of those before it modulo 43.
fn is_modulo_43(number: &str) -> bool {
    let value = |char: char| CODE_39.find(char);
    let mut chars = number.chars();
    let Some(last) = chars.next_back().and_then(value) else { return false };
    let sum = chars.try_fold(0, |sum, char| Some(sum + value(char)?));
    number.len() > 1 && sum.is_some_and(|sum| sum % CODE_39.len() == last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, check: CheckDigit, number: &str) -> bool {
        CardPattern::new(pattern, check).unwrap().fits(number)
    }

    #[test]
    fn a_pattern_holds_for_the_whole_number() {
        let outi = "OUTI[0-9]{7}|[0-9A-Z]{10}";
        for good in ["OUTI0012345", "OUTI001234", "A123456789"] {
            assert!(fits(outi, CheckDigit::None, good), "{good}");
        }
        for bad in
            ["OUTI00123456", "xOUTI0012345", "OUTI0012345 ", "OUTI0012345\n", "outi0012345", "", "A12345678"]
        {
            assert!(!fits(outi, CheckDigit::None, bad), "{bad:?}");
        }
        assert!(fits("[0-9]{3}[A-Z][0-9]{7}", CheckDigit::None, "853A3398527"));
    }

    #[test]
    fn modulo_10_finds_every_wrong_digit() {
        for good in ["79927398713", "21234000000021", "4992739871600003", "18"] {
            let luhn = is_modulo_10(good);
            let last = good.len() - 1;
            let right: Vec<_> =
                (0..10).filter(|digit| is_modulo_10(&format!("{}{digit}", &good[..last]))).collect();
            assert_eq!(right.len(), 1, "{good}");
            assert_eq!(luhn, good.ends_with(&right[0].to_string()), "{good}");
        }
        assert!(is_modulo_10("79927398713"));
        for bad in ["79927398710", "79927398731", "7992739871A", "", "0"] {
            assert!(!is_modulo_10(bad), "{bad}");
        }
    }

    #[test]
    fn modulo_43_is_that_of_code_39() {
        // The values of C, O, D, E, blank, 3 and 9 are 12, 24, 13, 14, 38, 3 and 9: 113, and 113 modulo 43 is 27, R.
        assert!(is_modulo_43("CODE 39R"));
        for bad in ["CODE 39S", "CODE 93", "code 39R", "CODE_39R", "", "R", "0"] {
            assert!(!is_modulo_43(bad), "{bad}");
        }
        assert!(is_modulo_43("00"));
    }

    #[test]
    fn a_check_counts_only_beside_its_pattern() {
        assert!(fits("[0-9]+", CheckDigit::Modulo10, "79927398713"));
        assert!(!fits("[0-9]+", CheckDigit::Modulo10, "79927398714"));
        assert!(!fits("[0-9]{5}", CheckDigit::Modulo10, "79927398713"));
        assert!(fits("[A-Z0-9 ]+", CheckDigit::Modulo43, "CODE 39R"));
    }

    #[test]
    fn without_forms_every_number_will_do() {
        assert!(is_ours(&[], "anything"));
        let forms = ["[0-9]{4}", "X[0-9]"].map(|text| CardPattern::new(text, CheckDigit::None).unwrap());
        assert!(is_ours(&forms, "1234") && is_ours(&forms, "X1") && !is_ours(&forms, "1"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let long = "a".repeat(PATTERN_BYTES_MAX + 1);
        for bad in ["", "[", "a)|(b", "(?=a)", r"(a)\1", "a{1000}{1000}", &long] {
            assert_eq!(CardPattern::new(bad, CheckDigit::None).err(), Some(PatternFault), "{bad}");
        }
    }
}
