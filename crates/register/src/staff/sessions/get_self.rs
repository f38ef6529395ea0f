//! `StaffSessionService.GetSelf`: who is signed in, and what may they do?

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView, duties},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{Purpose, StaffRole};

/// Asks who is signed in.
pub struct GetSelf;

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct Myself {
    /// The name signed in with.
    pub user_name: String,
    /// The duties in force.
    pub roles: Vec<StaffRole>,
    /// What they allow.
    pub rpcs: Vec<&'static str>,
    /// Whether the confidentiality undertaking has been given.
    pub undertaken: bool,
    /// Whether the password has to be changed first.
    pub must_change: bool,
    /// The code of the desk's branch.
    pub branch: String,
    /// When the session, or the token of the identity provider, ends at the latest.
    pub session_expires_at: DateTime<Utc>,
}

impl StaffView for GetSelf {
    const RPC: StaffRpc = StaffRpc::GetSelf;
    type Answer = Myself;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Myself, RegisterError> {
        let account = &desk.account;
        Ok(Myself {
            user_name: account.user_name.clone(),
            roles: account.roles.clone(),
            rpcs: duties::rpcs()
                .filter(|rpc| duties::may_call(&account.roles, *rpc))
                .map(StaffRpc::name)
                .collect(),
            undertaken: account.undertaken,
            must_change: account.must_change,
            branch: desk.rulebook().await?.branch_code(desk.device.branch_id).to_owned(),
            session_expires_at: account.proven_until,
        })
    }
}
