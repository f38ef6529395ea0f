//! The keys in memory: what each is for, and how it comes from the key file.
//!
//! The file holds master secrets of 256 bits. Every key in use is derived from one of them by HMAC-SHA-256 over
//! a label (HKDF's expand step, RFC 5869, for one block; the extract step is left out because a master is
//! uniformly random already). So one master serves several uses, and no use can be turned into another.
//!
//! | master | key | use |
//! |---|---|---|
//! | PIN master `id`, one per rotation | pepper | argon2's secret input |
//! | | KEK | AES-256-GCM-SIV around the hash |
//! | | identity | AES-256-GCM-SIV around personal identity codes |
//! | lasting master | token | patron session tokens |
//! | | fingerprint | repeated wrong PINs, request bodies |
//! | | card index | card numbers in attempt rows |
//! | | pairwise | pseudonyms per audience |
//! | | identity index | what personal identity codes are found by |
//! | | issued PIN | PINs that the register gives out |
//! | | audit head | signatures of the heads of the audit chain |
//!
//! PIN masters rotate. The lasting one does not: with another one a replayed sign-in would answer another token,
//! every attempt budget would start afresh, every e-lending service would meet strangers, and no identity code would be
//! found again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretBox};

use crate::key_fault::KeyFault;
use crate::key_file;
use crate::mac::mac;
use crate::masters::Masters;
use crate::random::Random;

/// Length of every key and master, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

/// 256 secret bits: wiped when dropped, and without `Debug`.
pub(crate) struct Key(SecretBox<[u8; KEY_BYTES]>);

impl Key {
    pub(crate) fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(SecretBox::new(Box::new(bytes)))
    }

    pub(crate) fn random(random: &dyn Random) -> Self {
        Self(SecretBox::init_with_mut(|bytes: &mut [u8; KEY_BYTES]| random.fill(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }

    fn derive(&self, label: &str) -> Self {
        Self::new(mac(self, "kortisto key v1", &[label.as_bytes()]))
    }
}

/// The number of a PIN master. Stands on every stored PIN; starts at 1 and only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub i16);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a PIN master gives: what stored PINs, passwords and identity codes are kept under.
pub(crate) struct PinKeys {
    /// argon2's secret input: without it a stolen hash cannot be guessed at.
    pub(crate) pepper: Key,
    /// Key of the outer encryption: without it a stolen row is noise, and a row cannot be made or moved.
    pub(crate) kek: Key,
    /// Key of the encryption of personal identity codes.
    pub(crate) identity: Key,
}

/// Every key the register works with. `Debug` shows the numbers of the PIN keys only.
pub struct Keys {
    current: KeyId,
    pin: BTreeMap<KeyId, PinKeys>,
    pub(crate) token: Key,
    pub(crate) fingerprint: Key,
    pub(crate) card_index: Key,
    pub(crate) pairwise: Key,
    pub(crate) identity_index: Key,
    pub(crate) issued_pin: Key,
    pub(crate) audit_head: Key,
}

impl Keys {
    /// Makes new keys and their file, readable by its owner only, and on disk before this returns.
    ///
    /// # Errors
    /// [`KeyFault::Exists`] when there is a file already: new keys would make every stored PIN unreadable.
    pub fn create(path: &Path, random: &dyn Random) -> Result<Self, KeyFault> {
        key_file::create(path, random).map(|masters| Self::from(&masters))
    }

    /// Reads the key file.
    ///
    /// # Errors
    /// [`KeyFault`] says what is wrong and how to mend it; among others, a file that anybody but its owner may
    /// read is refused.
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        key_file::load(path, None).map(|masters| Self::from(&masters))
    }

    /// Reads a key file that the service manager hands over in `credentials_directory` (systemd's
    /// `LoadCredential=`, the value of `$CREDENTIALS_DIRECTORY`). There the directory guards the file and its
    /// group bits mean nothing, so they are not looked at; elsewhere this is [`load`](Self::load).
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_credential(path: &Path, credentials_directory: &Path) -> Result<Self, KeyFault> {
        key_file::load(path, Some(credentials_directory)).map(|masters| Self::from(&masters))
    }

    /// Adds the next PIN key to the file without using it yet, and returns its number.
    ///
    /// Needed where several servers share a database: give every server the file with the new key first, then
    /// [`rotate`](Self::rotate) it. A server that lacks a key answers its PINs as wrong.
    ///
    /// # Errors
    /// [`KeyFault`], and the file is as it was.
    pub fn prepare_rotation(path: &Path, random: &dyn Random) -> Result<KeyId, KeyFault> {
        key_file::change(path, |masters| masters.add(random))
    }

    /// Makes the newest PIN key the one that PINs are kept under from now on, adding one when the newest is in
    /// use already. Older keys stay, and PINs under them still verify; each moves to the new key when its patron
    /// next gives it.
    ///
    /// # Errors
    /// [`KeyFault`], and the file is as it was.
    pub fn rotate(path: &Path, random: &dyn Random) -> Result<Self, KeyFault> {
        key_file::change(path, |masters| {
            if masters.newest() == masters.current {
                masters.add(random)?;
            }
            masters.current = masters.newest();
            Ok(Self::from(&*masters))
        })
    }

    /// Keys that are gone when dropped, for tests.
    #[must_use]
    pub fn ephemeral(random: &dyn Random) -> Self {
        Self::from(&Masters::first(random))
    }

    /// The key PINs are kept under from now on.
    #[must_use]
    pub const fn current(&self) -> KeyId {
        self.current
    }

    /// Every PIN key there is, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.pin.keys().copied()
    }

    pub(crate) fn pin_keys(&self, id: KeyId) -> Option<&PinKeys> {
        self.pin.get(&id)
    }

    pub(crate) fn current_pin_keys(&self) -> &PinKeys {
        &self.pin[&self.current]
    }
}

impl From<&Masters> for Keys {
    fn from(masters: &Masters) -> Self {
        let pin_keys = |master: &Key| PinKeys {
            pepper: master.derive("pin pepper"),
            kek: master.derive("pin kek"),
            identity: master.derive("identity kek"),
        };
        Self {
            current: masters.current,
            pin: masters.pin.iter().map(|(id, master)| (*id, pin_keys(master))).collect(),
            token: masters.lasting.derive("token"),
            fingerprint: masters.lasting.derive("fingerprint"),
            card_index: masters.lasting.derive("card index"),
            pairwise: masters.lasting.derive("pairwise"),
            identity_index: masters.lasting.derive("identity index"),
            issued_pin: masters.lasting.derive("issued pin"),
            audit_head: masters.lasting.derive("audit head"),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<i16> = self.ids().map(|id| id.0).collect();
        f.debug_struct("Keys").field("current", &self.current.0).field("ids", &ids).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn no_two_uses_share_a_key() {
        let keys = Keys::ephemeral(&SeededRandom::new(4));
        let pin = keys.current_pin_keys();
        let of_pin = [&pin.pepper, &pin.kek, &pin.identity];
        let lasting = [&keys.token, &keys.fingerprint, &keys.card_index, &keys.pairwise];
        let later = [&keys.identity_index, &keys.issued_pin, &keys.audit_head];
        let all = [&of_pin[..], &lasting, &later].concat();
        assert_eq!(all.iter().map(|key| *key.bytes()).collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn derivation_never_changes() {
        // Every stored PIN, identity code and pseudonym hangs on these values. If this fails, the change is wrong.
        let master = Key::new(std::array::from_fn(|place| place as u8));
        assert_eq!(
            hex::encode(master.derive("pin pepper").bytes()),
            "c2caa2843a2685b12751136302888e851a748b4c01f268b41200f5f8b858c04c"
        );
        assert_eq!(
            hex::encode(master.derive("pairwise").bytes()),
            "dd705bcbaedda70cdcc4f384bbb700f28129324dcee3bf99d97fe5b9500eef04"
        );
        assert_eq!(
            hex::encode(master.derive("pin kek").bytes()),
            "51cd435cf1144f5ed6d790bb0876842daca1c635ef95a0345caa029fc52a3ddf"
        );
        assert_eq!(
            hex::encode(master.derive("identity kek").bytes()),
            "82f1b48392326c2cefd693218a8bd3e7d082177802e7a930f63af46789d6daa8"
        );
        assert_eq!(
            hex::encode(master.derive("identity index").bytes()),
            "fbf8179a6da747bd19804d4415967d01393cf0e2bfbc39be3f586841d70d4f55"
        );
    }
}
