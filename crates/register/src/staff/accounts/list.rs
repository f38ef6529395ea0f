//! `StaffAccountService.ListStaffAccounts`: who may sign in, and what for.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{Purpose, StaffAccountState, StaffRole};
use kortisto_store::{
    StoreError,
    entities::{staff_accounts, staff_roles},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

/// Asks for a page of accounts, in the order in which they were made.
pub struct ListStaffAccounts {
    /// Which page.
    pub page: Page,
}

/// An account and its duties.
pub struct StaffAccountRecord {
    /// The row.
    pub account: staff_accounts::Model,
    /// Whether it may sign in.
    pub state: StaffAccountState,
    /// Duties that have not been revoked and have not ended.
    pub roles: Vec<StaffRoleRecord>,
}

/// A duty of an account.
#[derive(Debug, Clone)]
pub struct StaffRoleRecord {
    /// The duty.
    pub role: StaffRole,
    /// From when on.
    pub valid_from: DateTime<Utc>,
    /// Until when; none means until it is revoked.
    pub valid_until: Option<DateTime<Utc>>,
    /// The ticket of the fault that a vendor mends.
    pub ticket: Option<String>,
}

impl StaffView for ListStaffAccounts {
    const RPC: StaffRpc = StaffRpc::ListStaffAccounts;
    type Answer = Paged<StaffAccountRecord>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<StaffAccountRecord>, RegisterError> {
        page(desk.transaction, self.page, desk.moment.at()).await
    }
}

/// A page of accounts with the duties that stand at this moment.
pub(super) async fn page(
    connection: &impl ConnectionTrait,
    page: Page,
    at: DateTime<Utc>,
) -> Result<Paged<StaffAccountRecord>, RegisterError> {
    let found = staff_accounts::Entity::find()
        .filter(staff_accounts::Column::Id.gt(page.after.unwrap_or(0)))
        .order_by_asc(staff_accounts::Column::Id)
        .limit(page.limit())
        .all(connection)
        .await
        .map_err(StoreError::from)?;
    let page = page.cut(found, |account| account.id);
    let mut roles = staff_roles::Entity::find()
        .filter(staff_roles::Column::AccountId.is_in(page.rows.iter().map(|account| account.id)))
        .filter(staff_roles::Column::RevokedAt.is_null())
        .order_by_asc(staff_roles::Column::Role)
        .all(connection)
        .await
        .map_err(StoreError::from)?;
    roles.retain(|role| role.valid_until.is_none_or(|end| at < end));
    let record = |account: staff_accounts::Model| {
        let own = roles.iter().filter(|role| role.account_id == account.id);
        Ok::<_, kortisto_domain::codes::UnknownCode>(StaffAccountRecord {
            state: StaffAccountState::try_from(account.state)?,
            roles: own.map(role_record).collect::<Result<_, _>>()?,
            account,
        })
    };
    Ok(page.try_map(record).map_err(StoreError::from)?)
}

fn role_record(role: &staff_roles::Model) -> Result<StaffRoleRecord, kortisto_domain::codes::UnknownCode> {
    Ok(StaffRoleRecord {
        role: StaffRole::try_from(role.role)?,
        valid_from: role.valid_from,
        valid_until: role.valid_until,
        ticket: role.ticket.clone(),
    })
}
