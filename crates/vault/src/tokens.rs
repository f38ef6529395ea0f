//! Patron session tokens, and pseudonyms that differ per audience.
//!
//! A session token is an HMAC over the session's random id and the device. So it need not be stored: when a device
//! replays its sign-in, the same token is made again; the database keeps only its hash to find the session by.

use base64ct::{Base64UrlUnpadded, Encoding};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::fingerprints::first_half;
use crate::keys::Keys;
use crate::mac::mac;

/// Length of a session token, in characters: 256 bits in base64url without padding.
pub const TOKEN_CHARS: usize = 43;

impl Keys {
    /// The token of the session `session_id` (16 random bytes) on the device with row id `device_id`:
    /// [`TOKEN_CHARS`] characters of base64url. Always the same for the same session and device.
    #[must_use]
    pub fn session_token(&self, session_id: &[u8; 16], device_id: i64) -> SecretString {
        let token = Zeroizing::new(mac(&self.token, "session", &[session_id, &device_id.to_be_bytes()]));
        SecretString::from(Base64UrlUnpadded::encode_string(&*token))
    }

    /// What the service `audience` knows the patron `pseudonym` as: 32 hexadecimal digits. Two services cannot
    /// find out that they know the same patron, and none can find out the pseudonym.
    #[must_use]
    pub fn pairwise_id(&self, audience: &str, pseudonym: &[u8; 16]) -> String {
        hex::encode(first_half(mac(&self.pairwise, "audience", &[audience.as_bytes(), pseudonym])))
    }
}

/// What the database keeps of `token`: its SHA-256. `None` for a text that is no token, so that it need not be
/// looked up.
///
/// A plain hash is enough, because a token has 256 bits and cannot be guessed.
#[must_use]
pub fn token_hash(token: &str) -> Option<[u8; 32]> {
    if token.len() != TOKEN_CHARS {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    let decoded = Base64UrlUnpadded::decode(token, &mut *bytes).ok()?;
    Some(Sha256::digest(decoded).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;
    use crate::random::SeededRandom;

    fn keys() -> Keys {
        Keys::ephemeral(&SeededRandom::new(15))
    }

    #[test]
    fn a_session_has_one_token_and_shares_it_with_no_other() {
        let keys = keys();
        let token =
            |session: u8, device| keys.session_token(&[session; 16], device).expose_secret().to_owned();
        assert_eq!(token(1, 2), token(1, 2));
        assert_ne!(token(1, 2), token(1, 3));
        assert_ne!(token(1, 2), token(2, 2));
        assert_eq!(token(1, 2).len(), TOKEN_CHARS);
        assert_ne!(token_hash(&token(1, 2)), token_hash(&token(1, 3)));
    }

    #[test]
    fn only_a_token_has_a_hash() {
        let good = keys().session_token(&[1; 16], 2);
        let good = good.expose_secret();
        assert!(token_hash(good).is_some());
        let stem = &good[..42];
        for (text, why) in [
            (String::new(), "empty"),
            (stem.to_owned(), "short"),
            (format!("{good}A"), "long"),
            (format!("{good}="), "padded"),
            (format!("{stem}+"), "the other base64"),
            (format!("{stem}B"), "not the shortest spelling of its bytes"),
            (format!("{stem} "), "blank"),
            (format!("{}ä", &good[..41]), "43 bytes but not ASCII"),
        ] {
            assert_eq!(token_hash(&text), None, "{why}");
        }
    }

    #[test]
    fn the_hash_is_the_plain_sha_256_of_the_token() {
        let zeros = "A".repeat(TOKEN_CHARS);
        let expected = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(token_hash(&zeros).map(hex::encode).as_deref(), Some(expected));
    }

    #[test]
    fn services_know_a_patron_by_different_names() {
        let keys = keys();
        let name = keys.pairwise_id("ellibs", &[1; 16]);
        assert_eq!(name, keys.pairwise_id("ellibs", &[1; 16]));
        assert_ne!(name, keys.pairwise_id("overdrive", &[1; 16]));
        assert_ne!(name, keys.pairwise_id("ellibs", &[2; 16]));
        assert_eq!(name.len(), 32);
        assert!(name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    }

    proptest! {
        #[test]
        fn every_token_is_found_by_its_hash_and_no_text_makes_it_panic(session: [u8; 16], device: i64, text in "\\PC*") {
            let token = keys().session_token(&session, device);
            prop_assert!(token_hash(token.expose_secret()).is_some());
            let _ = token_hash(&text);
        }
    }
}
