//! Checking and hashing one PIN or password: the same work whether the card exists or not.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::hash_cost::HashCost;
use crate::hasher::{Hasher, SALT_BYTES, TAG_BYTES};
use crate::keys::Keys;
use crate::random::{self, Random};
use crate::secret::{Owner, Presented};
use crate::stored_pin::{OpenedPin, StoredPin, StoredPinFault};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Whether it is the owner's secret. Always false for an unknown owner or an unreadable row.
    pub matches: bool,
    /// On a match, what to store instead, when the row was made at another cost or under another key than the
    /// current ones.
    pub replacement: Option<StoredPin>,
    /// Why the row could not be read, for the operator's log. Nothing of it may show in the answer.
    pub fault: Option<StoredPinFault>,
}

/// Checks PINs on one thread, in that thread's memory.
pub(crate) struct Verifier {
    keys: Arc<Keys>,
    random: Arc<dyn Random>,
    cost: HashCost,
    hasher: Hasher,
}

impl Verifier {
    pub(crate) const fn new(keys: Arc<Keys>, random: Arc<dyn Random>, cost: HashCost) -> Self {
        Self { keys, random, cost, hasher: Hasher::new() }
    }

    /// The same for another thread, with memory of its own.
    pub(crate) fn another(&self) -> Self {
        Self::new(Arc::clone(&self.keys), Arc::clone(&self.random), self.cost)
    }

    /// Hashes `secret` for an owner who gets it now.
    pub(crate) fn hash(&mut self, secret: &Presented, owner: Owner) -> StoredPin {
        let mut fresh = self.blank();
        fresh.tag = self.tag(secret, &fresh).expect("the current key is always there");
        fresh.seal(&self.keys, owner, &*self.random)
    }

    /// Checks `secret` against `stored`. With nothing stored, or nothing readable, one that nobody has is checked
    /// instead, so that both take the time of one hash at the current cost.
    pub(crate) fn verify(
        &mut self,
        secret: &Presented,
        owner: Owner,
        stored: Option<&StoredPin>,
    ) -> Verification {
        let opened =
            stored.map(|stored| stored.open(&self.keys, owner).and_then(|opened| self.with_pepper(opened)));
        let (candidate, known, fault) = match opened {
            Some(Ok(opened)) => (opened, true, None),
            Some(Err(fault)) => (self.blank(), false, Some(fault)),
            None => (self.blank(), false, None),
        };
        let tag = self.tag(secret, &candidate).expect("its pepper was found before");
        // The blank's tag is random, so it does not match either; `known` makes that certain.
        let matches = bool::from(tag.ct_eq(&candidate.tag)) && known;
        let is_current = candidate.cost == self.cost
            && candidate.pepper == self.keys.current()
            && stored.is_some_and(|stored| stored.key_id == self.keys.current().0);
        let replacement = (matches && !is_current).then(|| self.hash(secret, owner));
        Verification { matches, replacement, fault }
    }

    /// A hash at the current cost and key that no secret has: new salt, random tag.
    fn blank(&self) -> OpenedPin {
        OpenedPin {
            cost: self.cost,
            pepper: self.keys.current(),
            salt: random::bytes::<SALT_BYTES>(&*self.random),
            tag: random::bytes::<TAG_BYTES>(&*self.random),
        }
    }

    /// `opened`, if its pepper is still in the key file.
    fn with_pepper(&self, opened: OpenedPin) -> Result<OpenedPin, StoredPinFault> {
        match self.keys.pin_keys(opened.pepper) {
            Some(_) => Ok(opened),
            None => Err(StoredPinFault::UnknownKey(opened.pepper)),
        }
    }

    fn tag(&mut self, secret: &Presented, like: &OpenedPin) -> Option<[u8; TAG_BYTES]> {
        let pepper = self.keys.pin_keys(like.pepper)?.pepper.bytes();
        Some(self.hasher.tag(like.cost, pepper, secret.bytes(), &like.salt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::KeyId;
    use crate::password::Password;
    use crate::pin::{LengthRange, Pin};
    use crate::random::SeededRandom;
    use crate::secret::PasswordBinding;

    const CARD: Owner = Owner { label: b"kortisto pin", row: 41 };
    const OTHER: Owner = Owner { label: b"kortisto pin", row: 42 };
    const DEARER: HashCost = HashCost { memory_kib: 16, passes: 2, lanes: 1 };

    fn pin(text: &str) -> Presented {
        Pin::parse(text, LengthRange::WIDEST).unwrap().into()
    }

    fn verifier(keys: &Arc<Keys>, cost: HashCost) -> Verifier {
        Verifier::new(Arc::clone(keys), Arc::new(SeededRandom::new(20)), cost)
    }

    fn keys() -> Arc<Keys> {
        Arc::new(Keys::ephemeral(&SeededRandom::new(21)))
    }

    #[test]
    fn the_right_pin_matches_and_no_other() {
        let mut verifier = verifier(&keys(), HashCost::CHEAP_FOR_TESTS);
        let stored = verifier.hash(&pin("4827"), CARD);
        let plain = |matches| Verification { matches, replacement: None, fault: None };
        assert_eq!(verifier.verify(&pin("4827"), CARD, Some(&stored)), plain(true));
        for wrong in ["4828", "48270", "7284", "0000"] {
            assert_eq!(verifier.verify(&pin(wrong), CARD, Some(&stored)), plain(false), "{wrong}");
        }
        assert_eq!(verifier.verify(&pin("4827"), CARD, None), plain(false));
    }

    #[test]
    fn one_pin_on_two_cards_or_twice_on_one_is_stored_differently() {
        let mut verifier = verifier(&keys(), HashCost::CHEAP_FOR_TESTS);
        let mut open = |card| {
            let stored = verifier.hash(&pin("4827"), card);
            let opened = stored.open(&verifier.keys, card).ok().unwrap();
            (opened.salt, opened.tag)
        };
        let (first, again, elsewhere) = (open(CARD), open(CARD), open(OTHER));
        assert_ne!(first, again);
        assert_ne!(first.1, elsewhere.1);
    }

    #[test]
    fn a_row_moved_to_another_card_does_not_match_there() {
        let mut verifier = verifier(&keys(), HashCost::CHEAP_FOR_TESTS);
        let stored = verifier.hash(&pin("4827"), CARD);
        let moved = verifier.verify(&pin("4827"), OTHER, Some(&stored));
        assert_eq!((moved.matches, moved.fault), (false, Some(StoredPinFault::DoesNotOpen)));
    }

    #[test]
    fn a_password_is_kept_like_a_pin_and_apart_from_it() {
        let mut verifier = verifier(&keys(), HashCost::CHEAP_FOR_TESTS);
        let typed = |text: &str| Presented::from(Password::parse(text).unwrap());
        let (card, staff) = (PasswordBinding::Card(41).into(), PasswordBinding::StaffAccount(41).into());
        let stored = verifier.hash(&typed("48271593"), card);
        assert!(verifier.verify(&typed("48271593"), card, Some(&stored)).matches);
        assert!(!verifier.verify(&typed("48271594"), card, Some(&stored)).matches);
        for other in [staff, CARD] {
            let moved = verifier.verify(&typed("48271593"), other, Some(&stored));
            assert_eq!((moved.matches, moved.fault), (false, Some(StoredPinFault::DoesNotOpen)));
        }
    }

    #[test]
    fn a_new_cost_is_taken_up_on_a_match_only() {
        let keys = keys();
        let stored = verifier(&keys, HashCost::CHEAP_FOR_TESTS).hash(&pin("4827"), CARD);
        let mut dearer = verifier(&keys, DEARER);
        assert_eq!(dearer.verify(&pin("4828"), CARD, Some(&stored)).replacement, None);

        let found = dearer.verify(&pin("4827"), CARD, Some(&stored));
        assert!(found.matches);
        let replacement = found.replacement.unwrap();
        assert_eq!(replacement.open(&keys, CARD).ok().unwrap().cost, DEARER);
        let again = dearer.verify(&pin("4827"), CARD, Some(&replacement));
        assert_eq!(again, Verification { matches: true, replacement: None, fault: None });
    }

    #[test]
    fn an_old_key_still_verifies_and_asks_for_a_replacement() {
        let random = SeededRandom::new(22);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.toml");
        let old = Arc::new(Keys::create(&path, &random).unwrap());
        let stored = verifier(&old, HashCost::CHEAP_FOR_TESTS).hash(&pin("4827"), CARD);

        let new = Arc::new(Keys::rotate(&path, &random).unwrap());
        let mut verifier = verifier(&new, HashCost::CHEAP_FOR_TESTS);
        let found = verifier.verify(&pin("4827"), CARD, Some(&stored));
        assert!(found.matches);
        let replacement = found.replacement.unwrap();
        let opened = replacement.open(&new, CARD).ok().unwrap();
        assert_eq!((replacement.key_id, opened.pepper), (2, KeyId(2)));

        // The server that has not got the new key yet: the row is unreadable there, and no match.
        let behind = Verifier::new(old, Arc::new(SeededRandom::new(23)), HashCost::CHEAP_FOR_TESTS).verify(
            &pin("4827"),
            CARD,
            Some(&replacement),
        );
        assert_eq!((behind.matches, behind.fault), (false, Some(StoredPinFault::UnknownKey(KeyId(2)))));
    }

    #[test]
    fn a_rewrapped_row_still_matches_and_gets_the_new_pepper_with_the_pin() {
        let random = SeededRandom::new(24);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.toml");
        let old = Arc::new(Keys::create(&path, &random).unwrap());
        let stored = verifier(&old, HashCost::CHEAP_FOR_TESTS).hash(&pin("4827"), CARD);
        let new = Arc::new(Keys::rotate(&path, &random).unwrap());

        let rewrapped = stored.rewrap(&new, CARD, &random).unwrap().unwrap();
        assert_eq!((rewrapped.key_id, rewrapped.rewrap(&new, CARD, &random)), (2, Ok(None)));
        assert!(rewrapped.open(&old, CARD).is_err(), "the leaked key must not open it");

        let found = verifier(&new, HashCost::CHEAP_FOR_TESTS).verify(&pin("4827"), CARD, Some(&rewrapped));
        assert!(found.matches);
        let replacement = found.replacement.unwrap();
        assert_eq!(replacement.open(&new, CARD).ok().unwrap().pepper, KeyId(2));
    }

    #[test]
    fn the_pepper_is_in_the_hash() {
        // The same salt and PIN under two peppers: only the keys differ.
        let one = keys();
        let other = Arc::new(Keys::ephemeral(&SeededRandom::new(25)));
        let blank = OpenedPin { cost: DEARER, pepper: KeyId(1), salt: [1; 16], tag: [0; 32] };
        let tag = |keys| verifier(keys, DEARER).tag(&pin("4827"), &blank).unwrap();
        assert_eq!(tag(&one), tag(&one));
        assert_ne!(tag(&one), tag(&other));
    }

    #[test]
    fn an_unknown_card_and_an_unreadable_row_cost_the_same_hash_as_a_known_card() {
        let keys = keys();
        let mut verifier = verifier(&keys, DEARER);
        let stored = verifier.hash(&pin("4827"), CARD);
        let broken = StoredPin { hash: vec![0; StoredPin::HASH_BYTES], ..stored };
        let mut work = |stored: Option<&StoredPin>| {
            let before = verifier.hasher.blocks_filled();
            let _ = verifier.verify(&pin("4828"), CARD, stored);
            verifier.hasher.blocks_filled() - before
        };
        let known = work(Some(&stored));
        assert_eq!(known, u64::from(DEARER.memory_kib * DEARER.passes));
        assert_eq!(work(None), known);
        assert_eq!(work(Some(&broken)), known);
    }
}
