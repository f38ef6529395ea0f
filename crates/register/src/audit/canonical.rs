//! One audit row as bytes that mean the same on both engines and in every later version, and the hash that links it.

use kortisto_store::entities::audit;
use sha2::{Digest as _, Sha256};

/// Length of a hash, in bytes.
pub(super) const HASH_BYTES: usize = 32;

/// A hash of the chain.
pub(super) type Hash = [u8; HASH_BYTES];

/// What stands before the first row.
pub(super) const BEGINNING: Hash = [0; HASH_BYTES];

/// Another list of columns gets another label, so that old seals stay what they are.
const LABEL: &[u8] = b"kortisto audit row v2\0";

/// The label of what a row names.
const NAMED_LABEL: &[u8] = b"kortisto audit named v1\0";

/// The hash of the seal with this number: over the hash of the one before it and the whole row.
pub(super) fn link(previous: &Hash, number: i64, row: &audit::Model) -> Hash {
    let mut bytes = Bytes(Sha256::new());
    bytes.0.update(LABEL);
    bytes.0.update(previous);
    bytes.0.update(number.to_be_bytes());
    bytes.all(row);
    bytes.0.finalize().into()
}

/// The hash of the item, the loan and the hold that a row names; none where it names none. It stays when they are
/// forgotten, and says nothing then: the salt has gone with them.
pub(crate) fn named_hash(row: &audit::Model) -> Option<Vec<u8>> {
    if row.named_hash.is_some() {
        return row.named_hash.clone();
    }
    if row.item_id.is_none() && row.loan_id.is_none() && row.hold_id.is_none() {
        return None;
    }
    let mut bytes = Bytes(Sha256::new());
    bytes.0.update(NAMED_LABEL);
    bytes.maybe(row.named_salt.as_deref());
    bytes.key(row.item_id);
    bytes.maybe(row.loan_id.as_ref().map(|id| id.as_bytes().as_slice()));
    bytes.maybe(row.hold_id.as_ref().map(|id| id.as_bytes().as_slice()));
    Some(bytes.0.finalize().to_vec())
}

/// Takes columns one after the other, each with its length, so that no two rows give the same bytes.
struct Bytes(Sha256);

impl Bytes {
    fn all(&mut self, row: &audit::Model) {
        // Every column by name: a new one does not compile until it is decided here.
        let audit::Model {
            id,
            at,
            action,
            granted,
            reasons,
            actor,
            device_id,
            branch_id,
            subject,
            // In the hash of what is named.
            item_id: _,
            loan_id: _,
            hold_id: _,
            named_salt: _,
            named_hash: _,
            request_id,
            staff_account_id,
            staff_session_id,
            purpose,
            detail,
            values_hash,
        } = row;
        self.some(id.as_bytes());
        self.some(&at.timestamp_micros().to_be_bytes());
        self.some(action.as_bytes());
        self.some(&[u8::from(*granted)]);
        self.some(reasons.as_bytes());
        self.some(actor.as_bytes());
        self.key(*device_id);
        self.key(*branch_id);
        self.maybe(subject.as_ref().map(|id| id.as_bytes().as_slice()));
        self.maybe(named_hash(row).as_deref());
        self.maybe(request_id.as_ref().map(|id| id.as_bytes().as_slice()));
        self.key(*staff_account_id);
        self.maybe(staff_session_id.as_ref().map(|id| id.as_bytes().as_slice()));
        self.key(purpose.map(i64::from));
        self.maybe(detail.as_deref().map(str::as_bytes));
        self.maybe(values_hash.as_deref());
    }

    fn some(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
    }

    fn maybe(&mut self, part: Option<&[u8]>) {
        match part {
            Some(part) => self.some(part),
            // No part is as long.
            None => self.0.update(u64::MAX.to_be_bytes()),
        }
    }

    fn key(&mut self, key: Option<i64>) {
        self.maybe(key.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use std::collections::HashSet;
    use uuid::Uuid;

    fn row() -> audit::Model {
        audit::Model {
            id: Uuid::from_u128(1),
            at: DateTime::from_timestamp_micros(1_750_000_000_000_001).unwrap(),
            action: "get_patron".to_owned(),
            granted: true,
            reasons: "[]".to_owned(),
            actor: "staff".to_owned(),
            device_id: Some(1),
            branch_id: Some(2),
            subject: Some(Uuid::from_u128(3)),
            item_id: None,
            loan_id: None,
            hold_id: None,
            request_id: None,
            staff_account_id: Some(4),
            staff_session_id: Some(Uuid::from_u128(5)),
            purpose: Some(1),
            detail: None,
            values_hash: Some(vec![7; 32]),
            named_salt: None,
            named_hash: None,
        }
    }

    #[test]
    fn whatever_changes_in_a_row_changes_its_hash() {
        let changes: [fn(&mut audit::Model); 21] = [
            |_| {},
            |row| row.id = Uuid::from_u128(9),
            |row| row.at += chrono::TimeDelta::microseconds(1),
            |row| row.action = "get_patro".to_owned(),
            |row| row.granted = false,
            |row| row.reasons = "[\"X\"]".to_owned(),
            |row| row.actor = "device".to_owned(),
            |row| row.device_id = Some(9),
            |row| row.branch_id = None,
            |row| row.subject = None,
            |row| row.item_id = Some(2),
            |row| row.loan_id = Some(Uuid::nil()),
            |row| row.hold_id = Some(Uuid::nil()),
            |row| (row.item_id, row.named_salt) = (Some(2), Some(vec![1])),
            |row| row.request_id = Some(Uuid::nil()),
            |row| row.staff_account_id = None,
            |row| row.staff_session_id = None,
            |row| row.purpose = Some(2),
            |row| row.detail = Some(String::new()),
            |row| row.values_hash = None,
            // What moves from one column to the next is another row.
            |row| (row.device_id, row.branch_id) = (Some(2), Some(1)),
        ];
        let hashes: HashSet<Hash> = changes
            .iter()
            .map(|change| {
                let mut row = row();
                change(&mut row);
                link(&BEGINNING, 1, &row)
            })
            .collect();
        assert_eq!(hashes.len(), changes.len());
        assert_ne!(link(&BEGINNING, 1, &row()), link(&BEGINNING, 2, &row()));
        assert_ne!(link(&BEGINNING, 1, &row()), link(&[1; 32], 1, &row()));
    }

    #[test]
    fn what_a_row_names_can_be_forgotten_and_the_chain_stays_whole() {
        let full = audit::Model {
            item_id: Some(2),
            loan_id: Some(Uuid::nil()),
            named_salt: Some(vec![5; 16]),
            ..row()
        };
        let hash = named_hash(&full);
        assert!(hash.is_some() && named_hash(&row()).is_none());
        let forgotten = audit::Model { named_hash: hash, ..row() };
        assert_eq!(link(&BEGINNING, 1, &forgotten), link(&BEGINNING, 1, &full));
        let other = audit::Model { named_hash: Some(vec![0; 32]), ..row() };
        assert_ne!(link(&BEGINNING, 1, &other), link(&BEGINNING, 1, &full), "another hash is found out");
    }

    #[test]
    fn the_bytes_of_a_row_never_change() {
        // Every seal and every head hangs on this value. If it fails, the change is wrong.
        assert_eq!(
            hex::encode(link(&BEGINNING, 1, &row())),
            "89b0737db3479712ac6ff52a8acc9baa7d1c5a55aeca881339d07cab5592aa75"
        );
    }
}
