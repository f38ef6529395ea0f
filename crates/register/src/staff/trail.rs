//! The audit rows of a staff operation: who, from which desk, why, about whom, and what changed.

use super::Account;
use crate::{
    RegisterError, Surroundings,
    audit::{About, values::value_hash},
};
use chrono::{DateTime, Utc};
use kortisto_domain::Purpose;
use kortisto_store::{
    Engine,
    queries::{
        changes::{self, AuditValueRow, StaffAuditRow},
        dialect::{At, Hex},
        party::Device,
    },
};
use sea_orm::DatabaseTransaction;
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

/// The fields that differ between two versions of a row.
pub(super) fn differences<const N: usize>(
    fields: [(&'static str, Option<String>, Option<String>); N],
) -> Vec<FieldChange> {
    let changed = fields.into_iter().filter(|(_, old, new)| old != new);
    changed.map(|(field, old, new)| FieldChange::new(field, old, new)).collect()
}

/// One audit row to be.
#[derive(Default)]
pub(crate) struct Entry {
    /// What it is about; its request id is that of the operation.
    pub(crate) about: About,
    pub(crate) detail: Option<String>,
    pub(crate) fields: Vec<FieldChange>,
}

/// What the rows of one operation have in common.
pub(crate) struct Signature<'a> {
    pub(crate) action: String,
    pub(crate) who: Who<'a>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) request_id: Option<Uuid>,
    pub(crate) at: DateTime<Utc>,
    /// Why it was refused; none when it was done.
    pub(crate) refusal: Option<&'static str>,
}

/// Whose act it is.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    /// Somebody signed in at a desk.
    SignedIn {
        /// The desk.
        device: &'a Device,
        /// Their account.
        account: &'a Account,
    },
    /// Somebody at a desk who is not signed in yet, with the account that they ask for, if there is one.
    AtDesk {
        /// The desk.
        device: &'a Device,
        /// The account.
        account: Option<i64>,
        /// The session that it came to.
        session: Option<Uuid>,
    },
    /// An operator, on the command line.
    Operator,
}

impl Who<'_> {
    const fn actor(&self) -> &'static str {
        match self {
            Self::SignedIn { .. } | Self::AtDesk { .. } => "staff",
            Self::Operator => "operator",
        }
    }

    const fn device(&self) -> Option<&Device> {
        match self {
            Self::SignedIn { device, .. } | Self::AtDesk { device, .. } => Some(device),
            Self::Operator => None,
        }
    }

    const fn account(&self) -> Option<i64> {
        match self {
            Self::SignedIn { account, .. } => Some(account.id),
            Self::AtDesk { account, .. } => *account,
            Self::Operator => None,
        }
    }

    const fn session(&self) -> Option<Uuid> {
        match self {
            Self::SignedIn { account, .. } => account.session,
            Self::AtDesk { session, .. } => *session,
            Self::Operator => None,
        }
    }
}

/// Writes the rows of one operation, at least one.
pub(crate) async fn write(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    signature: &Signature<'_>,
    mut entries: Vec<Entry>,
) -> Result<(), RegisterError> {
    if entries.is_empty() {
        entries.push(Entry::default());
    }
    let mut acts = Vec::with_capacity(entries.len());
    let mut values = Vec::new();
    for entry in entries {
        let id = surroundings.new_id(signature.at);
        let values_hash = (!entry.fields.is_empty()).then(|| {
            let mut hash = Sha256::new();
            for (position, field) in (0_i16..).zip(entry.fields) {
                let mut salt = vec![0; SALT_BYTES];
                surroundings.random.fill(&mut salt);
                let (old, new) = (field.old.as_deref(), field.new.as_deref());
                hash.update(value_hash(position, field.field, old, new, &salt));
                values.push(AuditValueRow {
                    audit_id: id,
                    position,
                    field: field.field,
                    old_value: field.old,
                    new_value: field.new,
                    salt: Hex(salt),
                });
            }
            Hex(hash.finalize().to_vec())
        });
        acts.push(StaffAuditRow {
            id,
            at: At(signature.at),
            action: signature.action.clone(),
            granted: signature.refusal.is_none(),
            reasons: signature.refusal.map_or_else(|| "[]".to_owned(), |reason| format!("[\"{reason}\"]")),
            actor: signature.who.actor(),
            device_id: signature.who.device().map(|device| device.id),
            branch_id: signature.who.device().map(|device| device.branch_id),
            subject: entry.about.subject,
            item_id: entry.about.item,
            loan_id: entry.about.loan,
            hold_id: entry.about.hold,
            named_salt: entry.about.salt(surroundings),
            request_id: signature.request_id,
            staff_account_id: signature.who.account(),
            staff_session_id: signature.who.session(),
            purpose: signature.purpose.map(Purpose::code),
            detail: entry.detail,
            values_hash,
        });
    }
    changes::apply_trail(transaction, Engine::of(transaction), &acts, &values).await?;
    Ok(())
}
