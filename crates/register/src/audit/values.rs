//! Old and new values stand apart from their audit row, which holds one hash of them all. So a person's values can be
//! erased and the chain stays whole; while they are there, nobody can change them unseen.

use kortisto_store::entities::audit_values;
use sha2::{Digest as _, Sha256};

/// The hash of one value: each part with its length, so that no two run together, and a salt, so that it says nothing
/// once the value is gone.
pub(crate) fn value_hash(
    position: i16,
    field: &str,
    old: Option<&str>,
    new: Option<&str>,
    salt: &[u8],
) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(position.to_be_bytes());
    for part in [Some(field), old, new] {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.update(salt);
    hash.finalize().into()
}

/// The hash that an audit row holds of these values, in the order of their positions.
pub(super) fn values_hash(values: &[audit_values::Model]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for value in values {
        let (old, new) = (value.old_value.as_deref(), value.new_value.as_deref());
        hash.update(value_hash(value.position, &value.field, old, new, &value.salt));
    }
    hash.finalize().into()
}
