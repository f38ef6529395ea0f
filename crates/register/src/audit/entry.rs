//! The audit row of what a device asked or a job did. What staff did is written by `staff::trail`.

use crate::{Surroundings, jobs};
use chrono::{DateTime, Utc};
use kortisto_domain::Decision;
use kortisto_store::queries::{
    changes::AuditRow,
    dialect::{At, Hex},
    party::Device,
};
use uuid::Uuid;

/// What it is about.
#[derive(Clone, Copy, Default)]
pub(crate) struct About {
    pub(crate) subject: Option<Uuid>,
    pub(crate) item: Option<i64>,
    pub(crate) loan: Option<Uuid>,
    pub(crate) hold: Option<Uuid>,
    pub(crate) request: Option<Uuid>,
}

/// Who did it, and where.
#[derive(Clone, Copy)]
pub(crate) enum Author {
    /// A device, at its branch.
    Device { id: i64, branch: i64 },
    /// A job, at the branch of what it dealt with, if that has one.
    Job { branch: Option<i64> },
}

impl From<&Device> for Author {
    fn from(device: &Device) -> Self {
        Self::Device { id: device.id, branch: device.branch_id }
    }
}

impl About {
    /// What is mixed into the hash of what it names, which will be forgotten; none where it names nothing.
    pub(crate) fn salt(&self, surroundings: &Surroundings) -> Option<Hex> {
        let names = self.item.is_some() || self.loan.is_some() || self.hold.is_some();
        names.then(|| surroundings.named_salt())
    }

    /// The row of a decision about this.
    pub(crate) fn row(
        self,
        surroundings: &Surroundings,
        at: DateTime<Utc>,
        author: Author,
        action: &'static str,
        decision: &Decision,
    ) -> AuditRow {
        let (actor, device_id, branch_id) = match author {
            Author::Device { id, branch } => ("device", Some(id), Some(branch)),
            Author::Job { branch } => (jobs::AUTHOR, None, branch),
        };
        AuditRow {
            id: surroundings.new_id(at),
            at: At(at),
            action,
            granted: decision.is_granted(),
            reasons: serde_json::to_string(decision.reasons()).expect("reasons are plain names"),
            actor,
            device_id,
            branch_id,
            subject: self.subject,
            item_id: self.item,
            loan_id: self.loan,
            hold_id: self.hold,
            request_id: self.request,
            named_salt: self.salt(surroundings),
        }
    }
}
