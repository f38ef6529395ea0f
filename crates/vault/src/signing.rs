//! Signatures of the heads of the audit chain: Ed25519, with a key from the key file.
//!
//! Whoever may write to the database can compute a whole new chain, but cannot sign its head. A head that was kept
//! elsewhere then shows the change. The public half may be known to everybody; an auditor needs nothing else.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::keys::Keys;

/// Length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;
/// Length of a public key, in bytes.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// Keeps these signatures apart from any other that the key might ever make.
const LABEL: &[u8] = b"kortisto audit head v1\0";

impl Keys {
    /// Signs what a head of the audit chain says. The same words have the same signature.
    #[must_use]
    pub fn sign_audit_head(&self, words: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.audit_pair().sign(&[LABEL, words].concat());
        signature.as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }

    /// The public half of the key that signs heads.
    #[must_use]
    pub fn audit_public_key(&self) -> [u8; PUBLIC_KEY_BYTES] {
        self.audit_pair().public_key().as_ref().try_into().expect("an Ed25519 key has 32 bytes")
    }

    fn audit_pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(self.audit_head.bytes()).expect("any 32 bytes are a seed")
    }
}

/// Whether the owner of `public_key` has signed a head of these words.
#[must_use]
pub fn is_signed_head(public_key: &[u8; PUBLIC_KEY_BYTES], words: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(&[LABEL, words].concat(), signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn only_the_words_that_were_signed_by_this_key_are_signed() {
        let keys = Keys::ephemeral(&SeededRandom::new(1));
        let public = keys.audit_public_key();
        let signature = keys.sign_audit_head(b"1 abc");
        assert!(is_signed_head(&public, b"1 abc", &signature));
        assert_eq!(signature, keys.sign_audit_head(b"1 abc"));
        assert!(!is_signed_head(&public, b"2 abc", &signature));
        let others = Keys::ephemeral(&SeededRandom::new(2));
        assert!(!is_signed_head(&others.audit_public_key(), b"1 abc", &signature));
        for place in [0, 31, 63] {
            let mut bent = signature;
            bent[place] ^= 1;
            assert!(!is_signed_head(&public, b"1 abc", &bent), "{place}");
        }
        assert!(!is_signed_head(&public, b"1 abc", b""));
    }
}
