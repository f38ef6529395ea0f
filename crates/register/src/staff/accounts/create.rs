//! `StaffAccountService.CreateStaffAccount`: a personal account (A114).

use super::rows::{self, Act, NewAccount, OneTimePassword};
use crate::{
    Register, RegisterError,
    staff::{StaffCaller, StaffChange, StaffDesk, StaffRpc},
};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Makes an account.
#[derive(Serialize)]
pub struct CreateStaffAccount {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The name to sign in with.
    pub user_name: String,
    /// The person's name, 1 to 100 characters.
    pub display_name: String,
    /// Whom the identity provider names, if there is one.
    pub openid_subject: Option<String>,
}

impl StaffChange for CreateStaffAccount {
    const RPC: StaffRpc = StaffRpc::CreateStaffAccount;
    /// The key of the account.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let new = NewAccount {
            user_name: &self.user_name,
            display_name: &self.display_name,
            oidc_subject: self.openid_subject.as_deref(),
            password_request: Some(self.request_id),
        };
        let act = Act { at: desk.moment.at(), by: desk.author() };
        let (id, fields) = rows::create(desk.transaction, new, &act).await?;
        desk.changed(rows::named(id), fields);
        Ok(id)
    }
}

impl Register {
    /// Makes an account and gives its one-time password.
    ///
    /// # Errors
    /// [`RegisterError`], among others for a name that is taken or that several people would share.
    pub async fn create_staff_account(
        self: &Arc<Self>,
        caller: StaffCaller,
        ask: CreateStaffAccount,
        deadline: Instant,
    ) -> Result<OneTimePassword, RegisterError> {
        let (desk, request) = (caller.desk.device_id, ask.request_id);
        let account = self.staff_change(caller, ask, deadline).await?;
        self.give_password(account, desk, request, deadline).await
    }
}
