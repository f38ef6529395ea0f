//! PINs that the register gives out: drawn from the key file and the request, so that the answer to a repeated
//! request is made again and kept nowhere.
//!
//! The PIN is as good as a random one to everybody without the key file, who could try out ten thousand PINs anyway.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::keys::{KEY_BYTES, Key, Keys};
use crate::mac::mac;
use crate::pin::Pin;
use crate::random::Random;

impl Keys {
    /// The PIN of `digits` digits that the request `request_id` gives the card with row id `card`: never a
    /// [common](Pin::is_common) one, and always the same for the same three.
    #[must_use]
    pub fn issued_pin(&self, request_id: &[u8; 16], card: i64, digits: usize) -> Pin {
        let key = Key::new(mac(&self.issued_pin, "issued pin", &[request_id, &card.to_be_bytes()]));
        Pin::random(&Draw { key, next: AtomicU32::new(0) }, digits)
    }
}

/// The bytes of one request and card: a key of its own, and a counter under it.
struct Draw {
    key: Key,
    next: AtomicU32,
}

impl Random for Draw {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(KEY_BYTES) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let block = mac(&self.key, "draw", &[&number.to_be_bytes()]);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn a_request_gives_one_pin_and_each_its_own() {
        let keys = Keys::ephemeral(&SeededRandom::new(40));
        let pin = |request: u8, card| keys.issued_pin(&[request; 16], card, 12).expose().to_owned();
        assert_eq!(pin(1, 2), pin(1, 2));
        assert_ne!(pin(1, 2), pin(1, 3));
        assert_ne!(pin(1, 2), pin(2, 2));
        let elsewhere = Keys::ephemeral(&SeededRandom::new(41));
        assert_ne!(pin(1, 2), elsewhere.issued_pin(&[1; 16], 2, 12).expose());
    }

    #[test]
    fn issued_pins_are_uncommon_and_spread() {
        let keys = Keys::ephemeral(&SeededRandom::new(42));
        let pins: Vec<Pin> = (0..2_000).map(|card| keys.issued_pin(&[7; 16], card, 4)).collect();
        assert!(pins.iter().all(|pin| !pin.is_common() && pin.expose().len() == 4));
        assert!(pins.iter().map(Pin::expose).collect::<HashSet<_>>().len() > 1_700);
    }
}
