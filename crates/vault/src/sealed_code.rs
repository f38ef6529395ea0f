//! What the database keeps of a personal identity code: the code, encrypted for its patron, and a blind index to find
//! it by.
//!
//! ```text
//! sealed = nonce (12) | ciphertext (11) | tag (16)         AES-256-GCM-SIV under the identity key `key_id`
//! AAD    = "kortisto identity code" | key id (2) | patron (8)
//! index  = first 128 bits of HMAC-SHA-256(index key, whole code)
//! ```
//!
//! Numbers are big-endian. A row moved to another patron does not open. The index key comes from the lasting master,
//! so that a code has one index for ever and no two patrons of a register have the same code. The index tells only
//! that two codes are equal; but there are some 33 million codes to a century, so whoever has the key file finds the
//! code of every index within a minute. The key file must not be where the database is.

use std::fmt;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use zeroize::Zeroizing;

use crate::fingerprints::first_half;
use crate::identity_code::{CODE_CHARS, IdentityCode};
use crate::keys::{KeyId, Keys};
use crate::mac::mac;
use crate::random::{self, Random};

const NONCE_BYTES: usize = 12;
const SEAL_TAG_BYTES: usize = 16;
const AAD_LABEL: &[u8] = b"kortisto identity code";

/// The patron a code belongs to: the id of the row. A sealed code opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PatronBinding(pub i64);

/// A personal identity code as the database keeps it. Two columns; nothing in it can be read without the key file.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCode {
    /// The master whose identity key it is sealed under ([`KeyId`]).
    pub key_id: i16,
    /// The sealed code, [`SealedCode::SEALED_BYTES`] long.
    pub sealed: Vec<u8>,
}

/// Why a sealed code cannot be read: a lost key or a damaged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedCodeFault {
    /// The key file lacks the key.
    #[error("the key file lacks key {0}, which an identity code is sealed under")]
    UnknownKey(KeyId),
    /// It does not open: another patron's row, another register's key of the same number, or a damaged row.
    #[error("the sealed identity code does not open under its key for this patron")]
    DoesNotOpen,
}

impl Keys {
    /// What `code` is found by: 128 bits, the same for ever, and the same for no other code.
    #[must_use]
    pub fn identity_index(&self, code: &IdentityCode) -> [u8; 16] {
        first_half(mac(&self.identity_index, "identity code", &[code.bytes()]))
    }
}

impl SealedCode {
    /// Length of [`SealedCode::sealed`], in bytes.
    pub const SEALED_BYTES: usize = NONCE_BYTES + CODE_CHARS + SEAL_TAG_BYTES;

    /// Seals `code` for `patron` under the current key.
    ///
    /// # Panics
    /// Never: the text is far below the cipher's bound.
    #[must_use]
    pub fn seal(code: &IdentityCode, keys: &Keys, patron: PatronBinding, random: &dyn Random) -> Self {
        let key_id = keys.current();
        let nonce: [u8; NONCE_BYTES] = random::bytes(random);
        let aad = associated_data(key_id, patron);
        let sealed = Aes256GcmSiv::new(keys.current_pin_keys().identity.bytes().into())
            .encrypt(&Nonce::from(nonce), Payload { msg: code.bytes(), aad: &aad })
            .expect("the text is far below AES-GCM-SIV's bound");
        Self { key_id: key_id.0, sealed: [&nonce[..], &sealed].concat() }
    }

    /// The code.
    ///
    /// # Errors
    /// [`SealedCodeFault`] when it cannot be read with these keys for this patron.
    pub fn open(&self, keys: &Keys, patron: PatronBinding) -> Result<IdentityCode, SealedCodeFault> {
        let key_id = KeyId(self.key_id);
        let keys = keys.pin_keys(key_id).ok_or(SealedCodeFault::UnknownKey(key_id))?;
        let Some((nonce, sealed)) = self.sealed.split_first_chunk::<NONCE_BYTES>() else {
            return Err(SealedCodeFault::DoesNotOpen);
        };
        let aad = associated_data(key_id, patron);
        let bytes = Aes256GcmSiv::new(keys.identity.bytes().into())
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| SealedCodeFault::DoesNotOpen)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SealedCodeFault::DoesNotOpen)?;
        IdentityCode::parse(text).map_err(|_| SealedCodeFault::DoesNotOpen)
    }

    /// The same code sealed anew under the current key, or `None` when it is already.
    ///
    /// # Errors
    /// [`SealedCodeFault`] when the row cannot be read with these keys.
    pub fn rewrap(
        &self,
        keys: &Keys,
        patron: PatronBinding,
        random: &dyn Random,
    ) -> Result<Option<Self>, SealedCodeFault> {
        let code = self.open(keys, patron)?;
        Ok((self.key_id != keys.current().0).then(|| Self::seal(&code, keys, patron, random)))
    }
}

impl fmt::Debug for SealedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedCode").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Every field has a fixed length, so no two different bindings give the same bytes.
fn associated_data(key_id: KeyId, patron: PatronBinding) -> Vec<u8> {
    [AAD_LABEL, &key_id.0.to_be_bytes(), &patron.0.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;

    const PATRON: PatronBinding = PatronBinding(7);

    fn code(text: &str) -> IdentityCode {
        IdentityCode::parse(text).ok().unwrap()
    }

    #[test]
    fn what_is_sealed_opens_for_its_patron_only() {
        let random = SeededRandom::new(30);
        let keys = Keys::ephemeral(&random);
        let sealed = SealedCode::seal(&code("010594Y9032"), &keys, PATRON, &random);
        assert_eq!((sealed.key_id, sealed.sealed.len()), (1, SealedCode::SEALED_BYTES));
        assert_eq!(sealed.open(&keys, PATRON).ok().unwrap().expose(), "010594Y9032");
        assert_eq!(sealed.open(&keys, PatronBinding(8)).err(), Some(SealedCodeFault::DoesNotOpen));
        let elsewhere = Keys::ephemeral(&random);
        assert_eq!(sealed.open(&elsewhere, PATRON).err(), Some(SealedCodeFault::DoesNotOpen));
        let other_key = SealedCode { key_id: 2, ..sealed.clone() };
        assert_eq!(other_key.open(&keys, PATRON).err(), Some(SealedCodeFault::UnknownKey(KeyId(2))));
        assert_ne!(sealed, SealedCode::seal(&code("010594Y9032"), &keys, PATRON, &random));
    }

    #[test]
    fn the_index_is_of_the_whole_code() {
        let keys = Keys::ephemeral(&SeededRandom::new(31));
        let index = |text| keys.identity_index(&code(text));
        assert_eq!(index("010594Y9032"), index("010594y9032"));
        // The same day, number and check character; only the sign tells the two apart.
        assert_ne!(index("010594Y9032"), index("010594-9032"));
        assert_ne!(
            index("010594Y9032"),
            Keys::ephemeral(&SeededRandom::new(32)).identity_index(&code("010594Y9032"))
        );
    }

    #[test]
    fn a_rotation_moves_the_row_and_leaves_the_index() {
        let random = SeededRandom::new(33);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.toml");
        let old = Keys::create(&path, &random).unwrap();
        let sealed = SealedCode::seal(&code("020504A902E"), &old, PATRON, &random);
        let new = Keys::rotate(&path, &random).unwrap();
        assert_eq!(sealed.open(&new, PATRON).ok().unwrap().expose(), "020504A902E");
        let moved = sealed.rewrap(&new, PATRON, &random).unwrap().unwrap();
        assert_eq!((moved.key_id, moved.rewrap(&new, PATRON, &random)), (2, Ok(None)));
        assert_eq!(moved.open(&new, PATRON).ok().unwrap().expose(), "020504A902E");
        assert_eq!(moved.open(&old, PATRON).err(), Some(SealedCodeFault::UnknownKey(KeyId(2))));
        let code = code("020504A902E");
        assert_eq!(old.identity_index(&code), new.identity_index(&code));
    }

    proptest! {
        #[test]
        fn one_changed_bit_does_not_open_and_no_row_makes_it_panic(bit in 0..SealedCode::SEALED_BYTES * 8, key_id: i16, noise: Vec<u8>) {
            let random = SeededRandom::new(34);
            let keys = Keys::ephemeral(&random);
            let mut sealed = SealedCode::seal(&code("010594Y9032"), &keys, PATRON, &random);
            sealed.sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(sealed.open(&keys, PATRON).is_err());
            let noise = SealedCode { key_id, sealed: noise };
            prop_assert!(noise.open(&keys, PATRON).is_err());
        }
    }
}
