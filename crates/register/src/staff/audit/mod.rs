//! The audit trail, for those who watch over the use of personal data.

mod list;

pub use list::{AuditEvent, ChangedField, ListAuditEvents};
