//! The one-time code that lets a new device in: made at the desk, read out or typed at the device, once.

use std::fmt;

use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random::Random;

/// Crockford's base 32: no I, L, O (they look like 1 and 0) and no U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 128 bits in characters of five bits; the first character holds only three.
const CHARS: usize = 26;
/// Printed in groups of this many characters.
const GROUP_CHARS: usize = 4;
/// The longest text read, in bytes: the code with generous blanks and hyphens.
const TEXT_BYTES_MAX: usize = 64;

/// 128 random bits that admit one device. Shown once, stored as [`hash`](Self::hash) only.
pub struct EnrolmentCode(SecretBox<[u8; 16]>);

/// Why a text is not an enrolment code. Carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentCodeFault {
    /// Not the right number of characters.
    #[error("an enrolment code has {CHARS} letters and digits")]
    Length,
    /// A character that no code has, or a first character that is too high.
    #[error("the enrolment code has a character that no code has; read it again")]
    Character,
}

impl EnrolmentCode {
    /// Draws a new code.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; 16]| random.fill(bytes)))
    }

    /// Reads a typed code. Case, hyphens and blanks do not count; I and L are read as 1, O as 0.
    ///
    /// # Errors
    /// [`EnrolmentCodeFault`] when it cannot be a code.
    pub fn parse(text: &str) -> Result<Self, EnrolmentCodeFault> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(EnrolmentCodeFault::Length);
        }
        let mut number = Zeroizing::new(0_u128);
        let mut chars = 0;
        for typed in text.chars().filter(|typed| !matches!(typed, '-' | ' ')) {
            let value = value_of(typed).ok_or(EnrolmentCodeFault::Character)?;
            chars += 1;
            if chars == 1 && value > 0b111 {
                return Err(EnrolmentCodeFault::Character);
            }
            if chars > CHARS {
                return Err(EnrolmentCodeFault::Length);
            }
            *number = *number << 5 | value;
        }
        if chars == CHARS {
            Ok(Self(SecretBox::new(Box::new(number.to_be_bytes()))))
        } else {
            Err(EnrolmentCodeFault::Length)
        }
    }

    /// The code as it is shown to whoever carries it to the device, in groups of four.
    #[must_use]
    pub fn printed(&self) -> SecretString {
        let number = Zeroizing::new(u128::from_be_bytes(*self.0.expose_secret()));
        let mut text = String::with_capacity(CHARS + CHARS / GROUP_CHARS);
        for place in 0..CHARS {
            if place > 0 && place % GROUP_CHARS == 0 {
                text.push('-');
            }
            let value = *number >> (5 * (CHARS - 1 - place)) & 0b1_1111;
            text.push(char::from(ALPHABET[value as usize]));
        }
        SecretString::from(text)
    }

    /// What is stored and looked up: its SHA-256. A plain hash is enough, because the code has 128 bits.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret()).into()
    }
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentCode").finish_non_exhaustive()
    }
}

fn value_of(typed: char) -> Option<u128> {
    let read = match typed.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    let place = ALPHABET.iter().position(|letter| char::from(*letter) == read)?;
    u128::try_from(place).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn known_codes_are_printed_as_expected() {
        let printed = |bytes: [u8; 16]| {
            EnrolmentCode(SecretBox::new(Box::new(bytes))).printed().expose_secret().to_owned()
        };
        assert_eq!(printed([0; 16]), "0000-0000-0000-0000-0000-0000-00");
        assert_eq!(printed([0xff; 16]), "7ZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZ");
        assert_eq!(
            printed(std::array::from_fn(|place| u8::from(place == 15) * 33)),
            "0000-0000-0000-0000-0000-0000-11"
        );
    }

    #[test]
    fn what_cannot_be_a_code_is_refused() {
        for (text, fault) in [
            ("", EnrolmentCodeFault::Length),
            ("0000-0000-0000-0000-0000-0000-0", EnrolmentCodeFault::Length),
            ("0000-0000-0000-0000-0000-0000-000", EnrolmentCodeFault::Length),
            ("8000-0000-0000-0000-0000-0000-00", EnrolmentCodeFault::Character),
            ("0000-0000-0000-U000-0000-0000-00", EnrolmentCodeFault::Character),
            ("0000-0000-0000-ä000-0000-0000-00", EnrolmentCodeFault::Character),
            (&"-".repeat(65), EnrolmentCodeFault::Length),
        ] {
            assert_eq!(EnrolmentCode::parse(text).err(), Some(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_code_survives_a_human(seed: u64, shout: bool, bare: bool) {
            let code = EnrolmentCode::random(&SeededRandom::new(seed));
            let printed = code.printed();
            let printed = printed.expose_secret();
            prop_assert!(printed.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)));
            let mut typed = if shout { printed.replace('1', "I").replace('0', "O") } else { printed.to_lowercase().replace('1', "l").replace('0', "o") };
            typed = if bare { typed.replace('-', "") } else { typed.replace('-', " ") };
            let read = EnrolmentCode::parse(&typed);
            prop_assert_eq!(read.map(|read| read.hash()).ok(), Some(code.hash()));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = EnrolmentCode::parse(&text);
        }
    }
}
