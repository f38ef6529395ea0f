//! `StaffAccountService.ResetStaffPassword`: a new one-time password for somebody who forgot theirs.

use super::rows::{self, Act, OneTimePassword};
use crate::{
    Register, RegisterError,
    staff::{StaffCaller, StaffChange, StaffDesk, StaffRpc},
};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Resets a password.
#[derive(Serialize)]
pub struct ResetStaffPassword {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The account's name.
    pub user_name: String,
}

impl StaffChange for ResetStaffPassword {
    const RPC: StaffRpc = StaffRpc::ResetStaffPassword;
    /// The key of the account.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let account = desk.account_of_another(&self.user_name).await?;
        let (id, act) = (account.id, Act { at: desk.moment.at(), by: desk.author() });
        let fields = rows::clear_password(desk.transaction, account, self.request_id, &act).await?;
        desk.changed(rows::named(id), fields);
        Ok(id)
    }
}

impl Register {
    /// Resets a password, ends the sessions of the account, and gives its one-time password.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn reset_staff_password(
        self: &Arc<Self>,
        caller: StaffCaller,
        ask: ResetStaffPassword,
        deadline: Instant,
    ) -> Result<OneTimePassword, RegisterError> {
        let (desk, request) = (caller.desk.device_id, ask.request_id);
        let account = self.staff_change(caller, ask, deadline).await?;
        self.give_password(account, desk, request, deadline).await
    }
}

impl StaffDesk<'_> {
    /// The account with this name, held, if it is not one's own: nobody gives themselves a duty or a way in.
    pub(super) async fn account_of_another(
        &self,
        user_name: &str,
    ) -> Result<kortisto_store::entities::staff_accounts::Model, RegisterError> {
        let account = rows::held(self.transaction, user_name).await?;
        if account.id == self.account.id {
            let rule = "an administrator does this to another's account, never to their own";
            return Err(RegisterError::RuleBroken { rule });
        }
        Ok(account)
    }
}
