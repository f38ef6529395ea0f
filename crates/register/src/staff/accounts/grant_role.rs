//! `StaffAccountService.GrantStaffRole`: a duty, from when to when (A115). That of a vendor is break-glass: it names
//! the ticket of a fault and ends within 72 hours (A119).

use super::rows::{self, Act, NewRole};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use chrono::{DateTime, Utc};
use kortisto_domain::StaffRole;
use serde::Serialize;
use uuid::Uuid;

/// Grants a duty.
#[derive(Serialize)]
pub struct GrantStaffRole {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The account's name.
    pub user_name: String,
    /// The duty.
    pub role: StaffRole,
    /// From when on; none means at once.
    pub valid_from: Option<DateTime<Utc>>,
    /// Until when; none means until it is revoked.
    pub valid_until: Option<DateTime<Utc>>,
    /// The ticket of the fault that a vendor mends, 1 to 100 characters.
    pub ticket: Option<String>,
}

impl StaffChange for GrantStaffRole {
    const RPC: StaffRpc = StaffRpc::GrantStaffRole;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let account = desk.account_of_another(&self.user_name).await?;
        let new = NewRole {
            role: self.role,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            ticket: self.ticket.as_deref(),
        };
        let act = Act { at: desk.moment.at(), by: desk.author() };
        let fields = rows::grant(desk.transaction, &account, new, &act).await?;
        desk.changed(rows::named(account.id), fields);
        Ok(())
    }
}
