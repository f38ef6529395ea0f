//! The master secrets, and the text they are kept as:
//!
//! ```toml
//! version = 1
//! current = 2
//!
//! [lasting]
//! secret = "64 hexadecimal digits"
//!
//! [[pin]]
//! id = 1
//! secret = "64 hexadecimal digits"
//!
//! [[pin]]
//! id = 2
//! secret = "64 hexadecimal digits"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::key_fault::KeyFault;
use crate::keys::{KEY_BYTES, Key, KeyId};
use crate::random::Random;

/// The format written and read.
const VERSION: i64 = 1;
/// The most PIN keys in one file: a rotation every quarter for sixteen years.
pub(crate) const PIN_KEYS_MAX: usize = 64;

const HEADING: &str = "\
# Keys of a Kortisto register. Made and changed by the program; do not edit by hand.
#
# Whoever holds this file and a copy of the database can work out every PIN. Without this file no PIN can be
# checked any more. Keep a copy where no database backup is kept.

";

/// What the file holds.
pub(crate) struct Masters {
    pub(crate) lasting: Key,
    pub(crate) current: KeyId,
    pub(crate) pin: BTreeMap<KeyId, Key>,
}

impl Masters {
    /// New masters with the first PIN key.
    pub(crate) fn first(random: &dyn Random) -> Self {
        let first = KeyId(1);
        Self {
            lasting: Key::random(random),
            current: first,
            pin: BTreeMap::from([(first, Key::random(random))]),
        }
    }

    /// The newest PIN key. There always is one.
    pub(crate) fn newest(&self) -> KeyId {
        self.pin.keys().next_back().map_or(self.current, |id| *id)
    }

    /// Adds the next PIN key.
    pub(crate) fn add(&mut self, random: &dyn Random) -> Result<KeyId, KeyFault> {
        let next = self.newest().0.checked_add(1).map(KeyId).ok_or(KeyFault::TooManyKeys)?;
        if self.pin.len() >= PIN_KEYS_MAX {
            return Err(KeyFault::TooManyKeys);
        }
        self.pin.insert(next, Key::random(random));
        Ok(next)
    }

    pub(crate) fn to_toml(&self) -> Zeroizing<String> {
        // Sized at once: growing would leave copies of the secrets behind.
        let mut text = Zeroizing::new(String::with_capacity(HEADING.len() + 256 + 160 * self.pin.len()));
        let secret = |key: &Key| Zeroizing::new(hex::encode(key.bytes()));
        text.push_str(HEADING);
        write!(text, "version = {VERSION}\ncurrent = {}\n\n", self.current).expect("a String takes all text");
        write!(text, "[lasting]\nsecret = \"{}\"\n", *secret(&self.lasting))
            .expect("a String takes all text");
        for (id, key) in &self.pin {
            write!(text, "\n[[pin]]\nid = {id}\nsecret = \"{}\"\n", *secret(key))
                .expect("a String takes all text");
        }
        text
    }

    pub(crate) fn from_toml(text: &str) -> Result<Self, Damage> {
        let file: FileLayout = toml::from_str(text).map_err(|error| Damage {
            // The parser's own message may quote the file, so only the place is taken from it.
            line: error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count() + 1),
            what: "it is not a key file of this program",
        })?;
        if file.version != VERSION {
            return Err(Damage::of("its version is not one this program knows"));
        }
        if file.pin.is_empty() || file.pin.len() > PIN_KEYS_MAX {
            return Err(Damage::of("it has no PIN key, or too many"));
        }
        let mut pin = BTreeMap::new();
        for entry in &file.pin {
            if entry.id < 1 {
                return Err(Damage::of("a PIN key's id is below 1"));
            }
            if pin.insert(KeyId(entry.id), key(&entry.secret)?).is_some() {
                return Err(Damage::of("two PIN keys have one id"));
            }
        }
        let current = KeyId(file.current);
        if !pin.contains_key(&current) {
            return Err(Damage::of("the current PIN key is not in it"));
        }
        Ok(Self { lasting: key(&file.lasting.secret)?, current, pin })
    }
}

/// What is wrong with the text of a key file, without the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) line: Option<usize>,
    pub(crate) what: &'static str,
}

impl Damage {
    pub(crate) const fn of(what: &'static str) -> Self {
        Self { line: None, what }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLayout {
    version: i64,
    current: i16,
    lasting: LastingLayout,
    pin: Vec<PinLayout>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LastingLayout {
    secret: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinLayout {
    id: i16,
    secret: Zeroizing<String>,
}

fn key(text: &str) -> Result<Key, Damage> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    hex::decode_to_slice(text, &mut *bytes)
        .map_err(|_| Damage::of("a secret is not 64 hexadecimal digits"))?;
    if *bytes == [0; KEY_BYTES] {
        return Err(Damage::of("a secret is all zeros"));
    }
    Ok(Key::new(*bytes))
}
