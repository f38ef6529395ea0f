//! A personal identity code in memory (henkilötunnus, requirement A14): validated, never printed, wiped when
//! dropped.
//!
//! `DDMMYY`, a sign for the century, a number of three digits, a check character. Since 1 January 2023 several signs
//! stand for one century, and two persons may have codes that differ in the sign alone; so a code is only ever
//! compared as a whole, and never put together from a birth date and a tail.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use secrecy::{ExposeSecret, SecretBox};

/// Characters of a code.
pub(crate) const CODE_CHARS: usize = 11;

/// The check characters, by the remainder of the nine digits divided by their number.
const CHECK: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// Individual numbers that are given out; 900 to 999 are given for a time or for tests.
const NUMBERS: RangeInclusive<u32> = 2..=999;

/// A personal identity code, in capitals.
///
/// It has no `Debug`, no `Display`, no `Clone` and no `PartialEq`: it can be looked up by its blind index, sealed,
/// and shown to somebody who may see it. That is all.
pub struct IdentityCode {
    text: SecretBox<[u8; CODE_CHARS]>,
    birth_date: NaiveDate,
}

/// Why a text is not a personal identity code. Carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityCodeFault {
    /// Not eleven characters, or characters that stand where no code has them.
    #[error(
        "a personal identity code has six digits, a sign of the century, three digits and a check character"
    )]
    Form,
    /// The first six digits and the sign name no day.
    #[error("the personal identity code begins with a day that does not exist")]
    Date,
    /// An individual number that is not given out.
    #[error("the personal identity code has an individual number that is not given out")]
    Number,
    /// The check character belongs to other digits: something was mistyped.
    #[error("the check character of the personal identity code does not fit its digits")]
    Check,
}

impl IdentityCode {
    /// Reads a code. Small letters count as capitals; nothing else is mended, not even a blank.
    ///
    /// # Errors
    /// [`IdentityCodeFault`] says what is wrong, in the order of its variants.
    pub fn parse(text: &str) -> Result<Self, IdentityCodeFault> {
        let typed: &[u8; CODE_CHARS] = text.as_bytes().try_into().map_err(|_| IdentityCodeFault::Form)?;
        let text = SecretBox::init_with_mut(|code: &mut [u8; CODE_CHARS]| {
            code.copy_from_slice(typed);
            code.make_ascii_uppercase();
        });
        let code = text.expose_secret();
        let number_at = |places: std::ops::Range<usize>| {
            code[places]
                .iter()
                .try_fold(0_u32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
        };
        let form = || IdentityCodeFault::Form;
        let day_digits = number_at(0..6).ok_or_else(form)?;
        let century = century(code[6]).ok_or_else(form)?;
        let number = number_at(7..10).ok_or_else(form)?;
        if !CHECK.contains(&code[10]) {
            return Err(IdentityCodeFault::Form);
        }
        let (day, month, year) = (day_digits / 10_000, day_digits / 100 % 100, day_digits % 100);
        let year = century + i32::try_from(year).map_err(|_| IdentityCodeFault::Date)?;
        let birth_date = NaiveDate::from_ymd_opt(year, month, day).ok_or(IdentityCodeFault::Date)?;
        if !NUMBERS.contains(&number) {
            return Err(IdentityCodeFault::Number);
        }
        if code[10] != check_character(day_digits * 1_000 + number) {
            return Err(IdentityCodeFault::Check);
        }
        Ok(Self { text, birth_date })
    }

    /// The date of birth that the code names. Gender is not taken from a code (A18).
    #[must_use]
    pub const fn birth_date(&self) -> NaiveDate {
        self.birth_date
    }

    /// The code, for the one who may see it. Nothing else may ask.
    ///
    /// # Panics
    /// Never: a code is ASCII.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(self.bytes()).expect("a code is ASCII")
    }

    pub(crate) fn bytes(&self) -> &[u8; CODE_CHARS] {
        self.text.expose_secret()
    }
}

/// The first year of the century that the sign stands for.
const fn century(sign: u8) -> Option<i32> {
    match sign {
        b'+' => Some(1800),
        b'-' | b'Y' | b'X' | b'W' | b'V' | b'U' => Some(1900),
        b'A' | b'B' | b'C' | b'D' | b'E' | b'F' => Some(2000),
        _ => None,
    }
}

/// The check character of nine digits.
fn check_character(digits: u32) -> u8 {
    CHECK[digits as usize % CHECK.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The test persons of the Digital and Population Data Services Agency with the signs of 2023.
    const TEST_PERSONS: [(&str, &str); 21] = [
        ("010594Y9032", "1994-05-01"),
        ("010594Y9021", "1994-05-01"),
        ("020594X903P", "1994-05-02"),
        ("020594X902N", "1994-05-02"),
        ("030594W903B", "1994-05-03"),
        ("030694W9024", "1994-06-03"),
        ("040594V9030", "1994-05-04"),
        ("040594V902Y", "1994-05-04"),
        ("050594U903M", "1994-05-05"),
        ("050594U902L", "1994-05-05"),
        ("010516B903X", "2016-05-01"),
        ("010516B902W", "2016-05-01"),
        ("020516C903K", "2016-05-02"),
        ("020516C902J", "2016-05-02"),
        ("030516D9037", "2016-05-03"),
        ("030516D9026", "2016-05-03"),
        ("010501E9032", "2001-05-01"),
        ("020502E902X", "2002-05-02"),
        ("020503F9037", "2003-05-02"),
        ("020504A902E", "2004-05-02"),
        ("020504B904H", "2004-05-02"),
    ];

    fn fault(text: &str) -> Option<IdentityCodeFault> {
        IdentityCode::parse(text).err()
    }

    #[test]
    fn the_test_persons_are_read_with_their_birth_dates() {
        for (text, born) in TEST_PERSONS {
            let code = IdentityCode::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!((code.expose(), code.birth_date().to_string()), (text, born.to_owned()));
            let lower = IdentityCode::parse(&text.to_lowercase()).ok().unwrap();
            assert_eq!(lower.expose(), text);
        }
    }

    #[test]
    fn every_sign_stands_for_its_century() {
        for (signs, year) in [("+", 1896), ("-YXWVU", 1996), ("ABCDEF", 2096)] {
            for sign in signs.chars() {
                let digits = 290_296_900;
                let text = format!("290296{sign}900{}", char::from(check_character(digits)));
                let code = IdentityCode::parse(&text).ok().unwrap();
                assert_eq!(code.birth_date().to_string(), format!("{year}-02-29"), "{sign}");
            }
        }
        for sign in "GHIJKLMNOPQRSTZ0129 /*=_".chars() {
            let text = format!("290296{sign}900{}", char::from(check_character(290_296_900)));
            assert_eq!(fault(&text), Some(IdentityCodeFault::Form), "{sign}");
        }
    }

    #[test]
    fn what_is_wrong_is_refused_and_never_mended() {
        use IdentityCodeFault::{Check, Date, Form, Number};
        let cases = [
            ("", Form),
            ("010594Y903", Form),
            ("010594Y90321", Form),
            (" 10594Y9032", Form),
            ("010594Y9032 ", Form),
            (" 010594Y9032", Form),
            ("010594 Y9032", Form),
            ("0105949032", Form),
            ("01O594Y9032", Form),
            ("010594Y9O32", Form),
            ("010594Y903G", Form),
            ("010594Y903I", Form),
            ("010594Y903Q", Form),
            ("010594Y903Z", Form),
            ("010594−9032", Form),
            ("01059 4Y9032", Form),
            ("320594Y9032", Date),
            ("000594Y9032", Date),
            ("011394Y9032", Date),
            ("010094Y9032", Date),
            ("290295-9032", Date),
            // 1900 was no leap year, 2000 was one.
            ("290200-9032", Date),
            ("010594Y0002", Number),
            ("010594Y0012", Number),
            ("010594Y9033", Check),
            ("100594Y9032", Check),
            ("010594Y9023", Check),
        ];
        for (text, expected) in cases {
            assert_eq!(fault(text), Some(expected), "{text:?}");
        }
        assert_eq!(fault("290200A9032"), Some(Check));
    }

    #[test]
    fn no_mistyped_digit_and_no_swap_of_neighbours_passes() {
        for (text, _) in TEST_PERSONS {
            for place in (0..6).chain(7..10) {
                for digit in b'0'..=b'9' {
                    let mut bytes = text.as_bytes().to_vec();
                    if bytes[place] != digit {
                        bytes[place] = digit;
                        let typed = String::from_utf8(bytes).unwrap();
                        assert!(fault(&typed).is_some(), "{typed}");
                    }
                }
            }
            for place in (0..5).chain(7..9) {
                let mut bytes = text.as_bytes().to_vec();
                bytes.swap(place, place + 1);
                let typed = String::from_utf8(bytes).unwrap();
                assert!(typed == text || fault(&typed).is_some(), "{typed}");
            }
        }
    }

    proptest! {
        #[test]
        fn every_code_of_a_day_and_a_number_is_read_back(
            day in 0_u64..100_000, sign in 0_usize..13, number in 2_u32..=999, lower: bool,
        ) {
            let signs = b"+-YXWVUABCDEF";
            let sign = signs[sign];
            let start = NaiveDate::from_ymd_opt(century(sign).unwrap(), 1, 1).unwrap();
            let born = start + chrono::Days::new(day % 36_524);
            let digits: u32 = format!("{}{number:03}", born.format("%d%m%y")).parse().unwrap();
            let check = char::from(check_character(digits));
            let text = format!("{}{}{number:03}{check}", born.format("%d%m%y"), char::from(sign));
            let typed = if lower { text.to_lowercase() } else { text.clone() };
            let code = IdentityCode::parse(&typed).ok().unwrap();
            prop_assert_eq!(code.expose(), text);
            prop_assert_eq!(code.birth_date(), born);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[0-9]{6}[-+A-Z][0-9]{3}[0-9A-Za-z]") {
            if let Ok(code) = IdentityCode::parse(&text) {
                prop_assert_eq!(code.expose(), text.to_ascii_uppercase());
            }
        }
    }
}
