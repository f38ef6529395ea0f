//! A PIN in memory (requirement A31): digits only, never empty, never printed, wiped when dropped.

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::common_pins;
use crate::random::{self, Random};

/// A patron's PIN, as typed or as drawn.
///
/// It has no `Debug`, no `Display`, no `Clone` and no `PartialEq`: it can be checked, hashed and, for the
/// letter to its owner, shown once. That is all.
pub struct Pin(SecretString);

/// How long a PIN may be, in digits, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthRange {
    /// The fewest digits. Below [`Pin::DIGITS_MIN`] it counts as that.
    pub min: usize,
    /// The most digits. Above [`Pin::DIGITS_MAX`] it counts as that.
    pub max: usize,
}

impl LengthRange {
    /// Every length a PIN can have at all.
    pub const WIDEST: Self = Self { min: Pin::DIGITS_MIN, max: Pin::DIGITS_MAX };
}

/// Why a text is not a PIN. Carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinFault {
    /// Nothing was typed.
    #[error("the PIN is empty")]
    Empty,
    /// Something other than the digits 0 to 9.
    #[error("a PIN has only the digits 0 to 9")]
    NotDigits,
    /// Fewer digits than allowed.
    #[error("the PIN is shorter than {min} digits")]
    TooShort {
        /// The fewest digits allowed.
        min: usize,
    },
    /// More digits than allowed.
    #[error("the PIN is longer than {max} digits")]
    TooLong {
        /// The most digits allowed.
        max: usize,
    },
}

impl Pin {
    /// The fewest digits of any PIN: what the libraries' cards have today.
    pub const DIGITS_MIN: usize = 4;
    /// The most digits of any PIN, so that nobody can make the hash work on a long text (ASVS 6.2.9 is met as
    /// far as a numeric keypad allows).
    pub const DIGITS_MAX: usize = 12;
    /// How often drawing may hit a common PIN before the source must be broken. About one draw in eight does.
    const DRAWS_MAX: usize = 1_000;

    /// Reads a typed PIN. Only ASCII digits; nothing is trimmed or mended, so that the same keys give the same
    /// PIN at every device.
    ///
    /// # Errors
    /// [`PinFault`] says what is wrong, in the order of its variants.
    pub fn parse(text: &str, lengths: LengthRange) -> Result<Self, PinFault> {
        let min = lengths.min.clamp(Self::DIGITS_MIN, Self::DIGITS_MAX);
        let max = lengths.max.clamp(Self::DIGITS_MIN, Self::DIGITS_MAX);
        if text.is_empty() {
            return Err(PinFault::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PinFault::NotDigits);
        }
        if text.len() < min {
            return Err(PinFault::TooShort { min });
        }
        if text.len() > max {
            return Err(PinFault::TooLong { max });
        }
        Ok(Self(SecretString::from(text)))
    }

    /// Draws a PIN of `digits` digits, each PIN that is not [common](Self::is_common) equally likely. A length
    /// outside [`LengthRange::WIDEST`] counts as its nearest bound.
    ///
    /// # Panics
    /// When `random` gives only common PINs, which a working source does not.
    #[must_use]
    pub fn random(random: &dyn Random, digits: usize) -> Self {
        let digits = digits.clamp(Self::DIGITS_MIN, Self::DIGITS_MAX);
        for _ in 0..Self::DRAWS_MAX {
            let mut text = String::with_capacity(digits);
            for _ in 0..digits {
                text.push(random_digit(random));
            }
            let pin = Self(SecretString::from(text));
            if !pin.is_common() {
                return pin;
            }
        }
        panic!("the randomness source gives only common PINs");
    }

    /// Whether this is one of the PINs people choose first: repeats, runs, years, dates. A PIN a patron chooses
    /// should be refused then, because one guess per card at `1234` opens one card in ten where people choose
    /// freely.
    #[must_use]
    pub fn is_common(&self) -> bool {
        common_pins::is_common(self.digits())
    }

    /// Whether both are the same PIN, in the same time whatever they are.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.digits().ct_eq(other.digits()).into()
    }

    /// The digits, for the letter or the slip that tells the owner. Nothing else may ask.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(crate) fn digits(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// One decimal digit, each equally likely: a byte of 250 or more would favour 0 to 5 and is drawn again.
fn random_digit(random: &dyn Random) -> char {
    for _ in 0..Pin::DRAWS_MAX {
        let [byte] = random::bytes(random);
        if byte < 250 {
            return char::from(b'0' + byte % 10);
        }
    }
    panic!("the randomness source repeats itself");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicU8, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn what_is_a_pin_and_what_is_not() {
        const FOUR: LengthRange = LengthRange { min: 4, max: 4 };
        const FOUR_TO_SIX: LengthRange = LengthRange { min: 4, max: 6 };
        const NONSENSE: LengthRange = LengthRange { min: 0, max: 0 };
        let cases = [
            ("1357", FOUR, None),
            ("13579", FOUR, Some(PinFault::TooLong { max: 4 })),
            ("135790", FOUR_TO_SIX, None),
            ("135", FOUR_TO_SIX, Some(PinFault::TooShort { min: 4 })),
            ("", FOUR, Some(PinFault::Empty)),
            ("", NONSENSE, Some(PinFault::Empty)),
            ("1", NONSENSE, Some(PinFault::TooShort { min: 4 })),
            ("135a", FOUR, Some(PinFault::NotDigits)),
            (" 1357", FOUR_TO_SIX, Some(PinFault::NotDigits)),
            ("13-57", FOUR_TO_SIX, Some(PinFault::NotDigits)),
            ("1357\0", FOUR_TO_SIX, Some(PinFault::NotDigits)),
            ("١٣٥٧", LengthRange::WIDEST, Some(PinFault::NotDigits)),
            ("123456789012", LengthRange::WIDEST, None),
            ("1234567890123", LengthRange { min: 4, max: 99 }, Some(PinFault::TooLong { max: 12 })),
        ];
        for (text, lengths, expected) in cases {
            assert_eq!(Pin::parse(text, lengths).err(), expected, "{text:?} within {lengths:?}");
        }
    }

    #[test]
    fn a_pin_is_the_same_digits() {
        let pin = |text| Pin::parse(text, LengthRange::WIDEST).ok().unwrap();
        assert!(pin("4827").is_same(&pin("4827")));
        assert!(!pin("4827").is_same(&pin("4828")) && !pin("4827").is_same(&pin("48270")));
    }

    #[test]
    fn drawn_pins_are_uncommon() {
        let random = SeededRandom::new(2);
        let drawn: Vec<Pin> = (0..2_000).map(|_| Pin::random(&random, 4)).collect();
        assert!(drawn.iter().all(|pin| !pin.is_common()));
        let different: HashSet<&str> = drawn.iter().map(Pin::expose).collect();
        assert!(different.len() > 1_700, "{}", different.len());
    }

    #[test]
    fn every_digit_is_equally_likely() {
        /// Gives every byte in turn.
        struct Counting(AtomicU8);
        impl Random for Counting {
            fn fill(&self, out: &mut [u8]) {
                out.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
            }
        }
        let random = Counting(AtomicU8::new(0));
        let mut seen = [0; 10];
        // 250 of the 256 bytes count; 500 digits take two rounds of them.
        for _ in 0..500 {
            let digit = random_digit(&random).to_digit(10).unwrap();
            seen[digit as usize] += 1;
        }
        assert_eq!(seen, [50; 10]);
    }

    #[test]
    fn a_length_out_of_bounds_is_brought_to_the_nearest() {
        let random = SeededRandom::new(3);
        for (asked, given) in [(0, 4), (4, 4), (9, 9), (12, 12), (200, 12)] {
            assert_eq!(Pin::random(&random, asked).expose().len(), given);
        }
    }

    #[test]
    #[should_panic(expected = "only common PINs")]
    fn a_source_that_is_stuck_is_noticed() {
        struct Stuck;
        impl Random for Stuck {
            fn fill(&self, out: &mut [u8]) {
                out.fill(0);
            }
        }
        let _ = Pin::random(&Stuck, 4);
    }

    proptest! {
        #[test]
        fn digits_of_an_allowed_length_are_a_pin_and_nothing_else_is(text in "[0-9a ]{0,14}|\\PC*") {
            let right = (4..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            let parsed = Pin::parse(&text, LengthRange::WIDEST);
            prop_assert_eq!(parsed.is_ok(), right);
            if let Ok(pin) = parsed {
                prop_assert_eq!(pin.expose(), text);
            }
        }
    }
}
