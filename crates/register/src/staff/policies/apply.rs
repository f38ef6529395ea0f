//! `PolicyService.ApplyPolicies`: the policies of a file, all of them or none.

use super::faultless_plan;
use crate::{
    RegisterError,
    policies::{Outlook, plan},
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::policy::catalogue;
use kortisto_store::queries::rulebook;
use serde::Serialize;
use uuid::Uuid;

/// A file to be applied.
#[derive(Serialize)]
pub struct ApplyPolicies {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The file.
    pub text: String,
}

impl StaffChange for ApplyPolicies {
    const RPC: StaffRpc = StaffRpc::ApplyPolicies;
    type Answer = Outlook;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Outlook, RegisterError> {
        rulebook::hold(desk.transaction).await?;
        let plan = faultless_plan(desk, &self.text).await?;
        let keys = catalogue();
        let named = plan.changes().filter_map(|change| {
            let key = keys.iter().find(|entry| entry.key == change.key)?.key;
            Some(FieldChange::new(key, change.old.map(str::to_owned), Some(change.new.to_owned())))
        });
        let fields = named.collect();
        let author = desk.author();
        let outlook = plan::write(desk.transaction, plan, &author, desk.moment.at()).await?;
        let Outlook { created, changed, .. } = outlook;
        desk.changed(format!("policies: {created} created, {changed} changed"), fields);
        Ok(outlook)
    }
}
