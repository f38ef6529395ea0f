//! HMAC-SHA-256 over a label and a list of parts, encoded so that no two lists look alike.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::keys::Key;

/// The HMAC-SHA-256 of `label` and `parts` under `key`.
///
/// The label and each part are preceded by their length in eight bytes, so that `["ab", "c"]` and
/// `["a", "bc"]` differ. The label keeps the uses of one key apart.
pub(crate) fn mac(key: &Key, label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
    for part in std::iter::once(&label.as_bytes()).chain(parts) {
        let length = u64::try_from(part.len()).expect("a length in memory fits 64 bits");
        mac.update(&length.to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn the_encoding_is_the_documented_one() {
        // RFC 4231 fixes HMAC itself; this fixes what goes into it, because stored rows depend on it.
        let key = Key::new([0x0b; 32]);
        let mut by_hand = Hmac::<Sha256>::new_from_slice(&[0x0b; 32]).unwrap();
        by_hand.update(b"\0\0\0\0\0\0\0\x05label\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0");
        assert_eq!(mac(&key, "label", &[b"ab", b""]), <[u8; 32]>::from(by_hand.finalize().into_bytes()));
    }

    proptest! {
        #[test]
        fn lists_that_differ_have_fingerprints_that_differ(
            one: Vec<Vec<u8>>, other: Vec<Vec<u8>>, cut in 0_usize..8,
        ) {
            let key = Key::random(&SeededRandom::new(1));
            let of = |list: &[Vec<u8>]| {
                let parts: Vec<&[u8]> = list.iter().map(Vec::as_slice).collect();
                mac(&key, "test", &parts)
            };
            prop_assert_eq!(one == other, of(&one) == of(&other));
            // The classic confusion: the same bytes, cut elsewhere.
            let whole = one.concat();
            let at = cut.min(whole.len());
            let halves = vec![whole[..at].to_vec(), whole[at..].to_vec()];
            prop_assert_eq!(halves == one, of(&halves) == of(&one));
        }
    }
}
