//! Keyed fingerprints: values that can be compared but not turned back without the key file.
//!
//! All are HMAC-SHA-256 over length-prefixed parts. What they hide is small (ten thousand PINs, some millions of
//! card numbers), so they protect against whoever has the database alone; with the key file they can be tried
//! out in no time. Keep attempt rows no longer than the throttle needs them.

use crate::keys::Keys;
use crate::mac::mac;
use crate::password::Password;
use crate::pin::Pin;

impl Keys {
    /// The fingerprint of `pin` as typed for `card_number`, to recognise the same wrong PIN given again, which
    /// is a mistaken patron and not a guesser. The same PIN for two cards has two fingerprints, and it can be made
    /// before it is known whether there is such a card.
    #[must_use]
    pub fn pin_fingerprint(&self, card_number: &str, pin: &Pin) -> [u8; 32] {
        mac(&self.fingerprint, "pin", &[card_number.as_bytes(), pin.digits()])
    }

    /// The fingerprint of `password` as typed for `account`, a card number or a user name: as
    /// [`pin_fingerprint`](Self::pin_fingerprint), and never the same as one of a PIN.
    #[must_use]
    pub fn password_fingerprint(&self, account: &str, password: &Password) -> [u8; 32] {
        mac(&self.fingerprint, "password", &[account.as_bytes(), password.bytes()])
    }

    /// The key an attempt on `card_number` is counted under, whether the card exists or not, so that attempt rows
    /// hold no card numbers. The number is taken as it is: bring it to one form first.
    #[must_use]
    pub fn card_key(&self, card_number: &str) -> [u8; 16] {
        first_half(mac(&self.card_index, "card", &[card_number.as_bytes()]))
    }

    /// The key an attempt to sign in as `user_name` is counted under, whether there is such an account or not.
    #[must_use]
    pub fn account_key(&self, user_name: &str) -> [u8; 16] {
        first_half(mac(&self.card_index, "staff account", &[user_name.as_bytes()]))
    }

    /// The fingerprint of a request, to tell a replay from another request under the same id. `parts` are the rpc
    /// and its fields in a fixed order; their borders count.
    #[must_use]
    pub fn request_fingerprint(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.fingerprint, "request", parts)
    }
}

/// 128 of 256 bits: two of a hundred million card numbers share them with a chance below 2^-74.
pub(crate) fn first_half(whole: [u8; 32]) -> [u8; 16] {
    std::array::from_fn(|place| whole[place])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pin::LengthRange;
    use crate::random::SeededRandom;

    fn pin(text: &str) -> Pin {
        Pin::parse(text, LengthRange::WIDEST).unwrap()
    }

    #[test]
    fn a_repeated_pin_is_recognised_on_its_card_only() {
        let keys = Keys::ephemeral(&SeededRandom::new(10));
        let first = keys.pin_fingerprint("007", &pin("4827"));
        assert_eq!(first, keys.pin_fingerprint("007", &pin("4827")));
        assert_ne!(first, keys.pin_fingerprint("007", &pin("4828")));
        assert_ne!(first, keys.pin_fingerprint("008", &pin("4827")));
    }

    #[test]
    fn the_same_keys_as_pin_and_as_password_differ() {
        let keys = Keys::ephemeral(&SeededRandom::new(10));
        let password = Password::parse("48271593").unwrap();
        let of_password = keys.password_fingerprint("007", &password);
        assert_ne!(of_password, keys.pin_fingerprint("007", &pin("48271593")));
        assert_ne!(of_password, keys.password_fingerprint("008", &password));
    }

    #[test]
    fn card_keys_tell_numbers_apart() {
        let keys = Keys::ephemeral(&SeededRandom::new(11));
        assert_eq!(keys.card_key("2012345678"), keys.card_key("2012345678"));
        assert_ne!(keys.card_key("2012345678"), keys.card_key("2012345679"));
        assert_ne!(keys.card_key(""), keys.card_key("0"));
    }

    #[test]
    fn the_borders_between_parts_count() {
        let keys = Keys::ephemeral(&SeededRandom::new(12));
        let lists: [&[&[u8]]; 6] = [&[], &[b""], &[b"", b""], &[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"]];
        for (place, one) in lists.iter().enumerate() {
            for other in &lists[place + 1..] {
                assert_ne!(keys.request_fingerprint(one), keys.request_fingerprint(other));
            }
        }
    }

    #[test]
    fn another_key_file_gives_other_values() {
        let (one, other) = (Keys::ephemeral(&SeededRandom::new(13)), Keys::ephemeral(&SeededRandom::new(14)));
        assert_ne!(one.pin_fingerprint("007", &pin("4827")), other.pin_fingerprint("007", &pin("4827")));
        assert_ne!(one.card_key("2012345678"), other.card_key("2012345678"));
        assert_ne!(one.request_fingerprint(&[b"x"]), other.request_fingerprint(&[b"x"]));
    }
}
