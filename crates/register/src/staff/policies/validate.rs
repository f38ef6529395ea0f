//! `PolicyService.ValidatePolicies`: what is wrong with a file, and what it would change.

use crate::{
    RegisterError,
    imports::FaultList,
    policies::{Outlook, plan},
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;

/// A file to be checked.
pub struct ValidatePolicies {
    /// The file.
    pub text: String,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct Validation {
    /// What is wrong.
    pub faults: FaultList,
    /// What it would change; says nothing where there are faults.
    pub outlook: Outlook,
}

impl StaffView for ValidatePolicies {
    const RPC: StaffRpc = StaffRpc::ValidatePolicies;
    type Answer = Validation;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Validation, RegisterError> {
        let mut faults = FaultList::default();
        let plan = plan::of_text(desk.transaction, &self.text, &mut faults).await?;
        faults.sort();
        Ok(Validation { outlook: plan.outlook(), faults })
    }
}
