//! `PolicyService.ListPolicyKeys`: the catalogue.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{
    Purpose,
    policy::{PolicyKey, catalogue},
};

/// Asks for a page of keys.
pub struct ListPolicyKeys {
    /// Which page.
    pub page: Page<String>,
}

impl StaffView for ListPolicyKeys {
    const RPC: StaffRpc = StaffRpc::ListPolicyKeys;
    type Answer = Paged<PolicyKey, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, _: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let mut keys = catalogue();
        keys.sort_unstable_by_key(|entry| entry.key);
        keys.retain(|entry| self.page.after.as_deref().is_none_or(|after| entry.key > after));
        Ok(self.page.cut(keys, |entry| entry.key.to_owned()))
    }
}
