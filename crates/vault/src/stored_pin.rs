//! What the database keeps of a PIN (requirement A31) or a password, and how it is sealed and opened.
//!
//! Two layers. Inside, argon2id of the PIN with a salt per card and the pepper as argon2's secret input. Around
//! it, AES-256-GCM-SIV under the KEK, with the scheme, the key number and the owner as associated data:
//!
//! ```text
//! hash  = nonce (12) | ciphertext (63) | tag (16)
//! inner = layout 1 (1) | memory KiB (4) | passes (4) | lanes (4) | pepper id (2) | salt (16) | argon2id (32)
//! AAD   = owner's label | scheme (2) | key id (2) | owner's row (8)
//! ```
//!
//! The label is "kortisto pin" for the PIN of a card, "kortisto card password" and "kortisto staff password" for
//! passwords. Numbers are big-endian. The cost is inside, so each row verifies at the cost it was made with and nobody can
//! lower it from outside.
//!
//! What the outer layer adds: a row copied to another card does not open, so somebody who may write to the
//! database cannot give a card the PIN of another; and after the key file has leaked, [`StoredPin::rewrap`] puts
//! every row out of the thief's reach at once, without any patron typing a PIN. The pepper itself only changes
//! when the patron next gives the PIN.

use std::fmt;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use zeroize::{Zeroize, Zeroizing};

use crate::hash_cost::HashCost;
use crate::hasher::{SALT_BYTES, TAG_BYTES};
use crate::keys::{Key, KeyId, Keys};
use crate::random::{self, Random};
use crate::secret::Owner;

/// argon2id inside AES-256-GCM-SIV, as this module describes it. The only scheme so far.
pub const SCHEME_SEALED_ARGON2ID: i16 = 1;

const INNER_LAYOUT: u8 = 1;
const INNER_BYTES: usize = 1 + 4 + 4 + 4 + 2 + SALT_BYTES + TAG_BYTES;
const NONCE_BYTES: usize = 12;
const SEAL_TAG_BYTES: usize = 16;

/// A PIN or a password as the database keeps it. Three columns; nothing in it can be read without the key file.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPin {
    /// How it is kept; [`SCHEME_SEALED_ARGON2ID`].
    pub scheme: i16,
    /// The PIN key it is sealed under ([`KeyId`]). Rows are found by it when a key is to be retired.
    pub key_id: i16,
    /// The sealed hash, [`StoredPin::HASH_BYTES`] long.
    pub hash: Vec<u8>,
}

/// Why a stored PIN cannot be read. To the patron it is a PIN that does not match; to the operator it is a lost
/// key or a damaged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoredPinFault {
    /// The scheme is not one this program knows: the row comes from a newer one.
    #[error("the stored PIN has the unknown scheme {0}")]
    UnknownScheme(i16),
    /// The key file lacks the key.
    #[error("the key file lacks PIN key {0}, which a stored PIN was made with")]
    UnknownKey(KeyId),
    /// It does not open: another card's row, another register's key of the same number, or a damaged row.
    #[error("the stored PIN does not open under its key for this card")]
    DoesNotOpen,
    /// It opens but is not what this program writes.
    #[error("the stored PIN opens but has an unknown layout")]
    UnknownLayout,
}

impl StoredPin {
    /// Length of [`StoredPin::hash`], in bytes.
    pub const HASH_BYTES: usize = NONCE_BYTES + INNER_BYTES + SEAL_TAG_BYTES;

    /// The same hash sealed anew under the current key, or `None` when it is already. Needs no PIN and no
    /// hashing, so that after a key file has leaked every row can be moved in one batch.
    ///
    /// # Errors
    /// [`StoredPinFault`] when the row cannot be read with these keys.
    pub fn rewrap(
        &self,
        keys: &Keys,
        owner: impl Into<Owner>,
        random: &dyn Random,
    ) -> Result<Option<Self>, StoredPinFault> {
        let owner = owner.into();
        let opened = self.open(keys, owner)?;
        Ok((self.key_id != keys.current().0).then(|| opened.seal(keys, owner, random)))
    }

    pub(crate) fn open(&self, keys: &Keys, owner: Owner) -> Result<OpenedPin, StoredPinFault> {
        if self.scheme != SCHEME_SEALED_ARGON2ID {
            return Err(StoredPinFault::UnknownScheme(self.scheme));
        }
        let key_id = KeyId(self.key_id);
        let keys = keys.pin_keys(key_id).ok_or(StoredPinFault::UnknownKey(key_id))?;
        let Some((nonce, sealed)) = self.hash.split_first_chunk::<NONCE_BYTES>() else {
            return Err(StoredPinFault::DoesNotOpen);
        };
        let aad = associated_data(self.scheme, key_id, owner);
        let inner = cipher(&keys.kek)
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| StoredPinFault::DoesNotOpen)?;
        OpenedPin::from_bytes(&inner).ok_or(StoredPinFault::UnknownLayout)
    }
}

impl fmt::Debug for StoredPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredPin")
            .field("scheme", &self.scheme)
            .field("key_id", &self.key_id)
            .field("hash_bytes", &self.hash.len())
            .finish_non_exhaustive()
    }
}

/// A stored PIN without its outer layer. Never leaves the vault.
pub(crate) struct OpenedPin {
    pub(crate) cost: HashCost,
    pub(crate) pepper: KeyId,
    pub(crate) salt: [u8; SALT_BYTES],
    pub(crate) tag: [u8; TAG_BYTES],
}

impl OpenedPin {
    /// Seals it for `owner` under the current key.
    pub(crate) fn seal(&self, keys: &Keys, owner: Owner, random: &dyn Random) -> StoredPin {
        let key_id = keys.current();
        let nonce: [u8; NONCE_BYTES] = random::bytes(random);
        let aad = associated_data(SCHEME_SEALED_ARGON2ID, key_id, owner);
        let sealed = cipher(&keys.current_pin_keys().kek)
            .encrypt(&Nonce::from(nonce), Payload { msg: &self.to_bytes(), aad: &aad })
            .expect("the text is far below AES-GCM-SIV's bound");
        StoredPin { scheme: SCHEME_SEALED_ARGON2ID, key_id: key_id.0, hash: [&nonce[..], &sealed].concat() }
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(INNER_BYTES));
        bytes.push(INNER_LAYOUT);
        for number in [self.cost.memory_kib, self.cost.passes, self.cost.lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.pepper.0.to_be_bytes());
        bytes.extend_from_slice(&self.salt);
        bytes.extend_from_slice(&self.tag);
        bytes
    }

    /// `None` when it is not the layout of [`to_bytes`](Self::to_bytes), or its cost is out of bounds.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [INNER_LAYOUT] = take(&mut rest)? else { return None };
        let memory_kib = u32::from_be_bytes(take(&mut rest)?);
        let passes = u32::from_be_bytes(take(&mut rest)?);
        let lanes = u32::from_be_bytes(take(&mut rest)?);
        let cost = HashCost { memory_kib, passes, lanes }.checked().ok()?;
        let pepper = KeyId(i16::from_be_bytes(take(&mut rest)?));
        let opened = Self { cost, pepper, salt: take(&mut rest)?, tag: take(&mut rest)? };
        rest.is_empty().then_some(opened)
    }
}

impl Drop for OpenedPin {
    fn drop(&mut self) {
        self.salt.zeroize();
        self.tag.zeroize();
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn cipher(kek: &Key) -> Aes256GcmSiv {
    Aes256GcmSiv::new(kek.bytes().into())
}

/// No two labels have one length and every other field has a fixed one, so no two owners give the same bytes.
fn associated_data(scheme: i16, key_id: KeyId, owner: Owner) -> Vec<u8> {
    [owner.label, &scheme.to_be_bytes(), &key_id.0.to_be_bytes(), &owner.row.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;
    use crate::secret::{CardBinding, PasswordBinding};

    const CARD: Owner = Owner { label: b"kortisto pin", row: 41 };

    fn opened() -> OpenedPin {
        OpenedPin { cost: HashCost::RECOMMENDED, pepper: KeyId(1), salt: [3; 16], tag: [5; 32] }
    }

    #[test]
    fn what_is_sealed_opens_for_its_card_only() {
        let random = SeededRandom::new(5);
        let keys = Keys::ephemeral(&random);
        let stored = opened().seal(&keys, CARD, &random);
        assert_eq!((stored.scheme, stored.key_id, stored.hash.len()), (1, 1, StoredPin::HASH_BYTES));

        let back = stored.open(&keys, CARD).ok().unwrap();
        assert_eq!((back.cost, back.pepper), (HashCost::RECOMMENDED, KeyId(1)));
        assert_eq!((back.salt, back.tag), ([3; 16], [5; 32]));
        for other in [
            Owner::from(CardBinding(42)),
            PasswordBinding::Card(41).into(),
            PasswordBinding::StaffAccount(41).into(),
        ] {
            assert_eq!(stored.open(&keys, other).err(), Some(StoredPinFault::DoesNotOpen), "{other:?}");
        }
    }

    #[test]
    fn the_same_hash_is_never_sealed_the_same_way() {
        let random = SeededRandom::new(6);
        let keys = Keys::ephemeral(&random);
        assert_ne!(opened().seal(&keys, CARD, &random), opened().seal(&keys, CARD, &random));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let random = SeededRandom::new(7);
        let keys = Keys::ephemeral(&random);
        let good = opened().seal(&keys, CARD, &random);
        let fault = |stored: StoredPin| stored.open(&keys, CARD).err();

        assert_eq!(fault(StoredPin { scheme: 2, ..good.clone() }), Some(StoredPinFault::UnknownScheme(2)));
        assert_eq!(
            fault(StoredPin { key_id: 2, ..good.clone() }),
            Some(StoredPinFault::UnknownKey(KeyId(2)))
        );
        for length in 0..good.hash.len() {
            let cut = StoredPin { hash: good.hash[..length].to_vec(), ..good.clone() };
            assert_eq!(fault(cut), Some(StoredPinFault::DoesNotOpen), "{length} bytes");
        }
        let other_register = Keys::ephemeral(&random);
        assert_eq!(good.open(&other_register, CARD).err(), Some(StoredPinFault::DoesNotOpen));

        let absurd = OpenedPin { cost: HashCost { memory_kib: u32::MAX, passes: 1, lanes: 1 }, ..opened() };
        assert_eq!(fault(absurd.seal(&keys, CARD, &random)), Some(StoredPinFault::UnknownLayout));
    }

    #[test]
    fn the_associated_data_is_as_documented() {
        let data = associated_data(1, KeyId(2), CardBinding(-3).into());
        assert_eq!(data, b"kortisto pin\x00\x01\x00\x02\xff\xff\xff\xff\xff\xff\xff\xfd");
        let data = associated_data(1, KeyId(2), PasswordBinding::StaffAccount(3).into());
        assert_eq!(data, b"kortisto staff password\x00\x01\x00\x02\0\0\0\0\0\0\0\x03");
    }

    #[test]
    fn the_inner_layout_is_as_documented() {
        let bytes = opened().to_bytes();
        assert_eq!(hex::encode(&bytes[..15]), "0100004c0000000002000000010001");
        assert_eq!(bytes.len(), INNER_BYTES);
        assert!(OpenedPin::from_bytes(&[bytes.as_slice(), b"\0"].concat()).is_none());
        assert!(OpenedPin::from_bytes(&[b"\x02", &bytes[1..]].concat()).is_none());
    }

    proptest! {
        #[test]
        fn one_changed_bit_anywhere_does_not_open(bit in 0..StoredPin::HASH_BYTES * 8) {
            let random = SeededRandom::new(8);
            let keys = Keys::ephemeral(&random);
            let mut stored = opened().seal(&keys, CARD, &random);
            stored.hash[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(stored.open(&keys, CARD).err(), Some(StoredPinFault::DoesNotOpen));
        }

        #[test]
        fn no_row_and_no_inner_text_makes_it_panic(scheme: i16, key_id: i16, hash: Vec<u8>, inner in proptest::collection::vec(any::<u8>(), 0..80)) {
            let keys = Keys::ephemeral(&SeededRandom::new(9));
            let stored = StoredPin { scheme, key_id, hash };
            prop_assert!(stored.open(&keys, CARD).is_err());
            let _ = OpenedPin::from_bytes(&inner);
        }
    }
}
