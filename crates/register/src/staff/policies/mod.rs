//! Policies as administrators see, check, apply and try them.

mod apply;
mod dry_run;
mod history;
mod list;
mod list_keys;
mod validate;

pub use apply::ApplyPolicies;
pub use dry_run::DryRunPolicies;
pub use history::{GetPolicyHistory, PolicyHistory};
pub use list::{ListPolicies, PolicyList};
pub use list_keys::ListPolicyKeys;
pub use validate::{ValidatePolicies, Validation};

use crate::{RegisterError, policies::plan, staff::StaffDesk};
use kortisto_store::{StoreError, entities::branches};
use sea_orm::EntityTrait as _;
use std::collections::HashMap;

/// The codes of branches by their keys.
async fn branch_codes(desk: &StaffDesk<'_>) -> Result<HashMap<i64, String>, RegisterError> {
    let all = branches::Entity::find().all(desk.transaction).await.map_err(StoreError::from)?;
    Ok(all.into_iter().map(|branch| (branch.id, branch.code)).collect())
}

/// The plan of a file without faults.
async fn faultless_plan(desk: &StaffDesk<'_>, text: &str) -> Result<plan::Plan, RegisterError> {
    let mut faults = crate::imports::FaultList::default();
    let plan = plan::of_text(desk.transaction, text, &mut faults).await?;
    faults.sort();
    match faults.listed().first() {
        None => Ok(plan),
        Some(first) if faults.total() == 1 => {
            Err(RegisterError::FieldInvalid { field: "text", rule: first.to_string() })
        }
        Some(first) => {
            let rule = format!("{first}; and {} more, see ValidatePolicies", faults.total() - 1);
            Err(RegisterError::FieldInvalid { field: "text", rule })
        }
    }
}
