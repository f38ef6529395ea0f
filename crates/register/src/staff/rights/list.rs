//! `BanService.ListSelfServiceRights`: the rights of a patron, the newest first.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{
    Purpose, RightKind,
    rights::{self as rules, RightState},
};
use kortisto_store::{StoreError, entities::self_service_rights};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for rights.
pub struct ListSelfServiceRights {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page,
}

/// A right.
#[derive(Debug, Clone)]
pub struct RightRecord {
    /// Its key.
    pub id: i64,
    /// How it was granted.
    pub kind: RightKind,
    /// The code of its branch; none means everywhere.
    pub branch: Option<String>,
    /// Where it stands today.
    pub state: RightState,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_until: Option<NaiveDate>,
    /// Where its contract is filed.
    pub contract: Option<String>,
    /// The key of the consent that it rests on.
    pub consent_id: Option<i64>,
    /// Who granted it; none for one that was brought in from elsewhere.
    pub granted_by: Option<String>,
    /// When it was granted.
    pub granted_at: Option<DateTime<Utc>>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl StaffView for ListSelfServiceRights {
    const RPC: StaffRpc = StaffRpc::ListSelfServiceRights;
    type Answer = Paged<RightRecord>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<RightRecord>, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let mut query =
            self_service_rights::Entity::find().filter(self_service_rights::Column::PatronId.eq(patron.id));
        if let Some(after) = self.page.after {
            query = query.filter(self_service_rights::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(self_service_rights::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        desk.viewed(&patron);
        let (rulebook, today) = (desk.rulebook().await?, desk.moment.today());
        let record = |row: self_service_rights::Model| {
            Ok::<_, StoreError>(RightRecord {
                id: row.id,
                kind: row.kind.try_into()?,
                branch: row.branch_id.map(|id| rulebook.branch_code(id).to_owned()),
                state: rules::state(row.valid_from, row.valid_until, row.withdrawn_at.is_some(), today),
                valid_from: row.valid_from,
                valid_until: row.valid_until,
                contract: row.contract,
                consent_id: row.consent_id,
                granted_by: row.granted_by,
                granted_at: row.granted_at,
                withdrawn_at: row.withdrawn_at,
            })
        };
        Ok(self.page.cut(rows, |row| row.id).try_map(record)?)
    }
}
