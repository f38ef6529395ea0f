//! A password in memory: bounded, never printed, wiped when dropped.

use secrecy::{ExposeSecret, SecretString};

use crate::common_passwords;

/// A password, as typed: a patron's in the online library, or a staff member's.
///
/// It has no `Debug`, no `Display`, no `Clone` and no `PartialEq`, like [`Pin`](crate::Pin).
pub struct Password(SecretString);

/// Why a text is not a password. Carries nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer characters than allowed.
    #[error("the password is shorter than {} characters", Password::CHARS_MIN)]
    TooShort,
    /// More characters than allowed.
    #[error("the password is longer than {} characters", Password::CHARS_MAX)]
    TooLong,
    /// A character that no keyboard types.
    #[error("the password has a control character")]
    ControlCharacter,
}

impl Password {
    /// The fewest characters (ASVS 6.2.1).
    pub const CHARS_MIN: usize = 8;
    /// The most characters: well above the 64 of ASVS 6.2.9, and bounded so that nobody can make the hash work on a
    /// long text.
    pub const CHARS_MAX: usize = 128;

    /// Reads a typed password, counting Unicode scalar values. Nothing is trimmed, mended or normalised: the same
    /// keys give the same password. Every character but a control character counts, blanks included.
    ///
    /// # Errors
    /// [`PasswordFault`] says what is wrong, in the order of its variants.
    pub fn parse(text: &str) -> Result<Self, PasswordFault> {
        let chars = text.chars().take(Self::CHARS_MAX + 1).count();
        if chars < Self::CHARS_MIN {
            return Err(PasswordFault::TooShort);
        }
        if chars > Self::CHARS_MAX {
            return Err(PasswordFault::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordFault::ControlCharacter);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// Whether this is one of the passwords people choose first. A password somebody chooses should be refused then
    /// (NIST SP 800-63B asks for a blocklist).
    #[must_use]
    pub fn is_common(&self) -> bool {
        common_passwords::is_common(self.0.expose_secret())
    }

    /// Whether this is `text`, whatever the case: a card number or a user name is no secret.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.0.expose_secret().to_lowercase() == text.to_lowercase()
    }

    /// How long it is, in characters.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.expose_secret().chars().count()
    }

    /// Whether it holds `word`, a user name for example. Case does not count.
    #[must_use]
    pub fn holds(&self, word: &str) -> bool {
        self.0.expose_secret().to_lowercase().contains(&word.to_lowercase())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_password_and_what_is_not() {
        let longest = "ä".repeat(Password::CHARS_MAX);
        let too_long = "x".repeat(Password::CHARS_MAX + 1);
        let cases = [
            ("hauki on", None),
            ("        ", None),
            ("äöåäöåäö", None),
            (longest.as_str(), None),
            ("", Some(PasswordFault::TooShort)),
            ("1234567", Some(PasswordFault::TooShort)),
            ("äöåäöåä", Some(PasswordFault::TooShort)),
            (too_long.as_str(), Some(PasswordFault::TooLong)),
            ("hauki\non kala", Some(PasswordFault::ControlCharacter)),
            ("hauki on\u{0}", Some(PasswordFault::ControlCharacter)),
        ];
        for (text, expected) in cases {
            assert_eq!(Password::parse(text).err(), expected, "{text:?}");
        }
    }

    #[test]
    fn its_length_and_a_name_in_it_can_be_asked_for() {
        let password = Password::parse("Hauki-Aino-2024 ä").unwrap();
        assert_eq!(password.chars(), 17);
        assert!(password.holds("aino") && password.holds("AINO") && !password.holds("eino"));
    }

    #[test]
    fn what_is_typed_is_what_is_hashed() {
        let password = Password::parse(" Hauki on kala ").unwrap();
        assert_eq!(password.bytes(), b" Hauki on kala ");
    }
}
