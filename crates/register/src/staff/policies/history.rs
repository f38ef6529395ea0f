//! `PolicyService.GetPolicyHistory`: what became of the policies of a key.

use super::branch_codes;
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{Purpose, policy::catalogue};
use kortisto_store::{StoreError, entities::policy_changes};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;

/// Asks for the changes of a key.
pub struct GetPolicyHistory {
    /// The key.
    pub key: String,
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The number of the last change of the page before.
    pub before: Option<i64>,
}

/// A page of changes.
#[derive(Debug, Clone)]
pub struct PolicyHistory {
    /// The changes, the latest first.
    pub changes: Vec<policy_changes::Model>,
    /// The codes of branches by their keys.
    pub branches: HashMap<i64, String>,
    /// The number of the last one where there are more.
    pub next: Option<i64>,
}

impl StaffView for GetPolicyHistory {
    const RPC: StaffRpc = StaffRpc::GetPolicyHistory;
    type Answer = PolicyHistory;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PolicyHistory, RegisterError> {
        if !catalogue().iter().any(|entry| entry.key == self.key) {
            return Err(RegisterError::NotFound { what: "policy key" });
        }
        let mut found = policy_changes::Entity::find().filter(policy_changes::Column::Key.eq(&self.key));
        if let Some(before) = self.before {
            found = found.filter(policy_changes::Column::Id.lt(before));
        }
        let mut changes = found
            .order_by_desc(policy_changes::Column::Id)
            .limit(self.page_size as u64 + 1)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let more = changes.len() > self.page_size;
        changes.truncate(self.page_size);
        let next = changes.last().filter(|_| more).map(|last| last.id);
        Ok(PolicyHistory { changes, branches: branch_codes(desk).await?, next })
    }
}
