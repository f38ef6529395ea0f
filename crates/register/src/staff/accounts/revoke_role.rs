//! `StaffAccountService.RevokeStaffRole`: a duty ends at once, also in sessions that run.

use super::rows::{self, Act};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::StaffRole;
use serde::Serialize;
use uuid::Uuid;

/// Revokes a duty.
#[derive(Serialize)]
pub struct RevokeStaffRole {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The account's name.
    pub user_name: String,
    /// The duty.
    pub role: StaffRole,
}

impl StaffChange for RevokeStaffRole {
    const RPC: StaffRpc = StaffRpc::RevokeStaffRole;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let account = desk.account_of_another(&self.user_name).await?;
        let act = Act { at: desk.moment.at(), by: desk.author() };
        let fields = rows::revoke(desk.transaction, &account, self.role, &act).await?;
        desk.changed(rows::named(account.id), fields);
        Ok(())
    }
}
