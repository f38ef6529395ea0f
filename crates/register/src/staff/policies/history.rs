//! `PolicyService.GetPolicyHistory`: what became of the policies of a key.

use super::branch_codes;
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{Purpose, policy::catalogue};
use kortisto_store::{StoreError, entities::policy_changes};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;

/// Asks for the changes of a key.
pub struct GetPolicyHistory {
    /// The key.
    pub key: String,
    /// Which page.
    pub page: Page,
}

/// A page of changes.
#[derive(Debug, Clone)]
pub struct PolicyHistory {
    /// The changes, the latest first.
    pub changes: Paged<policy_changes::Model>,
    /// The codes of branches by their keys.
    pub branches: HashMap<i64, String>,
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
        if let Some(after) = self.page.after {
            found = found.filter(policy_changes::Column::Id.lt(after));
        }
        let changes = found
            .order_by_desc(policy_changes::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let changes = self.page.cut(changes, |last| last.id);
        Ok(PolicyHistory { changes, branches: branch_codes(desk).await? })
    }
}
