//! `PolicyService.DryRunPolicies`, its first half: who asks and why, and whether the file is right.
//!
//! The patrons are looked at afterwards, outside of this transaction: on SQLite it holds the one writer.

use super::faultless_plan;
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{Purpose, policy::PolicyRow};

/// A file to be tried out.
pub struct DryRunPolicies {
    /// The file.
    pub text: String,
    /// Why.
    pub purpose: Option<Purpose>,
}

impl StaffView for DryRunPolicies {
    const RPC: StaffRpc = StaffRpc::DryRunPolicies;
    /// Every row that would stand, for `Register::try_policies`.
    type Answer = Vec<PolicyRow>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        Ok(faultless_plan(desk, &self.text).await?.set)
    }
}
