//! The first password of a staff account, and the one after a reset: drawn by nobody, shown once, to be changed.
//!
//! It is an HMAC over the id of the request that asked for it. So it need not be stored: whoever repeats the request
//! gets the same one again, and the database keeps only its slow hash.

use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::keys::Keys;
use crate::mac::mac;

/// Crockford's base 32 in lower case: no i, l, o (they look like 1 and 0) and no u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Letters and digits of five bits each: 100 bits.
const CHARS: usize = 20;
/// Printed in groups of this many characters.
const GROUP_CHARS: usize = 4;

/// Length of a one-time password, hyphens included, in characters. They belong to it.
pub const ONE_TIME_PASSWORD_CHARS: usize = CHARS + CHARS / GROUP_CHARS - 1;

impl Keys {
    /// The one-time password that the request `request_id` (16 random bytes) of `asker` gives, for example
    /// `7k3m-x0q9-...`: [`ONE_TIME_PASSWORD_CHARS`] characters. Always the same for the same request and asker.
    #[must_use]
    pub fn one_time_password(&self, asker: i64, request_id: &[u8; 16]) -> SecretString {
        let bits = Zeroizing::new(mac(&self.token, "one-time password", &[&asker.to_be_bytes(), request_id]));
        let mut text = String::with_capacity(ONE_TIME_PASSWORD_CHARS);
        for (place, byte) in bits.iter().take(CHARS).enumerate() {
            if place > 0 && place % GROUP_CHARS == 0 {
                text.push('-');
            }
            // Five of the eight bits: each character is equally likely.
            text.push(char::from(ALPHABET[usize::from(byte & 0b1_1111)]));
        }
        SecretString::from(text)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::password::Password;
    use crate::random::SeededRandom;

    #[test]
    fn one_request_has_one_password_that_nobody_else_gets() {
        let keys = Keys::ephemeral(&SeededRandom::new(1));
        let of =
            |asker, request: u8| keys.one_time_password(asker, &[request; 16]).expose_secret().to_owned();
        assert_eq!(of(1, 1), of(1, 1));
        assert_ne!(of(1, 1), of(2, 1));
        assert_ne!(of(1, 1), of(1, 2));
        let others = Keys::ephemeral(&SeededRandom::new(2));
        assert_ne!(of(1, 1), others.one_time_password(1, &[1; 16]).expose_secret());
    }

    #[test]
    fn it_can_be_typed_and_is_a_password() {
        let keys = Keys::ephemeral(&SeededRandom::new(3));
        for request in 0..50 {
            let text = keys.one_time_password(7, &[request; 16]);
            let text = text.expose_secret();
            assert_eq!(text.len(), ONE_TIME_PASSWORD_CHARS);
            assert!(text.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte)), "{text}");
            assert!(Password::parse(text).is_ok_and(|password| !password.is_common()));
        }
    }
}
