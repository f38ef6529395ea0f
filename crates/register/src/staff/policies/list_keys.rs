//! `PolicyService.ListPolicyKeys`: the catalogue.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView, places::Page},
};
use kortisto_domain::{
    Purpose,
    policy::{PolicyKey, catalogue},
};

/// Asks for a page of keys.
pub struct ListPolicyKeys {
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last key of the page before.
    pub after: Option<String>,
}

impl StaffView for ListPolicyKeys {
    const RPC: StaffRpc = StaffRpc::ListPolicyKeys;
    type Answer = Page<PolicyKey>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, _: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let mut keys = catalogue();
        keys.sort_unstable_by_key(|entry| entry.key);
        keys.retain(|entry| self.after.as_deref().is_none_or(|after| entry.key > after));
        Ok(Page::cut(keys, self.page_size, |entry| entry.key.to_owned()))
    }
}
