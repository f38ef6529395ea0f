//! The audit rows of a staff operation: who, from which desk, why, about whom, and what changed.

use super::{Account, StaffRpc};
use crate::{RegisterError, Surroundings};
use chrono::{DateTime, Utc};
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{audit, audit_values},
    queries::party::Device,
};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait as _};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Bytes of salt beside each value, so that a hash says nothing once the value is gone.
const SALT_BYTES: usize = 16;

/// The old and the new value of one field. Never a PIN, a password or an identity code: those are named, and both
/// values stay empty.
#[derive(Clone)]
pub(crate) struct FieldChange {
    pub(crate) field: &'static str,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
}

impl FieldChange {
    /// A field that got a value, changed it, or lost it.
    pub(crate) fn new(field: &'static str, old: Option<String>, new: Option<String>) -> Self {
        Self { field, old, new }
    }

    /// A secret that changed.
    pub(crate) const fn secret(field: &'static str) -> Self {
        Self { field, old: None, new: None }
    }
}

/// One audit row to be.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) subject: Option<Uuid>,
    pub(super) detail: Option<String>,
    pub(super) fields: Vec<FieldChange>,
}

/// What the rows of one operation have in common.
pub(super) struct Signature<'a> {
    pub(super) rpc: StaffRpc,
    pub(super) account: &'a Account,
    pub(super) device: &'a Device,
    pub(super) purpose: Option<Purpose>,
    pub(super) request_id: Option<Uuid>,
    pub(super) at: DateTime<Utc>,
    /// Why it was refused; none when it was done.
    pub(super) refusal: Option<&'static str>,
}

/// Writes the rows of one operation, at least one.
pub(super) async fn write(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    signature: &Signature<'_>,
    mut entries: Vec<Entry>,
) -> Result<(), RegisterError> {
    if entries.is_empty() {
        entries.push(Entry::default());
    }
    let mut rows = Vec::with_capacity(entries.len());
    let mut values = Vec::new();
    for entry in entries {
        let id = surroundings.new_id(signature.at);
        let values_hash = (!entry.fields.is_empty()).then(|| {
            let mut hash = Sha256::new();
            for (position, field) in (0_i16..).zip(entry.fields) {
                let mut salt = vec![0; SALT_BYTES];
                surroundings.random.fill(&mut salt);
                hash.update(value_hash(position, &field, &salt));
                values.push(audit_values::ActiveModel {
                    audit_id: Set(id),
                    position: Set(position),
                    field: Set(field.field.to_owned()),
                    old_value: Set(field.old),
                    new_value: Set(field.new),
                    salt: Set(salt),
                });
            }
            hash.finalize().to_vec()
        });
        rows.push(audit::ActiveModel {
            id: Set(id),
            at: Set(signature.at),
            action: Set(signature.rpc.action()),
            granted: Set(signature.refusal.is_none()),
            reasons: Set(signature
                .refusal
                .map_or_else(|| "[]".to_owned(), |reason| format!("[\"{reason}\"]"))),
            actor: Set("staff".to_owned()),
            device_id: Set(Some(signature.device.id)),
            branch_id: Set(Some(signature.device.branch_id)),
            subject: Set(entry.subject),
            request_id: Set(signature.request_id),
            staff_account_id: Set(Some(signature.account.id)),
            staff_session_id: Set(Some(signature.account.session)),
            purpose: Set(signature.purpose.map(Purpose::code)),
            detail: Set(entry.detail),
            values_hash: Set(values_hash),
            item_id: Set(None),
            loan_id: Set(None),
            hold_id: Set(None),
        });
    }
    audit::Entity::insert_many(rows).exec_without_returning(transaction).await.map_err(StoreError::from)?;
    if !values.is_empty() {
        audit_values::Entity::insert_many(values)
            .exec_without_returning(transaction)
            .await
            .map_err(StoreError::from)?;
    }
    Ok(())
}

/// The hash of one value: each part with its length, so that no two run together.
fn value_hash(position: i16, change: &FieldChange, salt: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(position.to_be_bytes());
    for part in [Some(change.field), change.old.as_deref(), change.new.as_deref()] {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(part.unwrap_or_default());
    }
    hash.update(salt);
    hash.finalize().into()
}
