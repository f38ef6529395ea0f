//! `StaffAccountService.DisableStaffAccount` and `EnableStaffAccount`. A shut account asks nothing more, also in
//! sessions that run and with tokens of the identity provider.

use super::rows::{self, Act};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::StaffAccountState;
use serde::Serialize;
use uuid::Uuid;

/// Shuts an account.
#[derive(Serialize)]
pub struct DisableStaffAccount {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The account's name.
    pub user_name: String,
}

/// Opens an account again.
#[derive(Serialize)]
pub struct EnableStaffAccount {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The account's name.
    pub user_name: String,
}

impl StaffChange for DisableStaffAccount {
    const RPC: StaffRpc = StaffRpc::DisableStaffAccount;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        set(desk, &self.user_name, StaffAccountState::Disabled).await
    }
}

impl StaffChange for EnableStaffAccount {
    const RPC: StaffRpc = StaffRpc::EnableStaffAccount;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        set(desk, &self.user_name, StaffAccountState::Active).await
    }
}

async fn set(
    desk: &mut StaffDesk<'_>,
    user_name: &str,
    state: StaffAccountState,
) -> Result<(), RegisterError> {
    let account = desk.account_of_another(user_name).await?;
    let (id, act) = (account.id, Act { at: desk.moment.at(), by: desk.author() });
    let fields = rows::set_state(desk.transaction, account, state, &act).await?;
    desk.changed(rows::named(id), fields);
    Ok(())
}
