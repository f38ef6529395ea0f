//! `BanService.ListBans`: the bans of a patron, the newest first. Grounds are shown by `GetBan` only.

use crate::{
    RegisterError, Rulebook,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    BanKind, Purpose,
    bans::{self as rules, BanState},
};
use kortisto_store::{StoreError, entities::bans};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

/// Asks for bans.
pub struct ListBans {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Whether those that have ended or were lifted are shown too.
    pub include_past: bool,
    /// Which page.
    pub page: Page,
}

/// A ban without its grounds.
#[derive(Debug, Clone)]
pub struct BanRecord {
    /// Its key.
    pub id: i64,
    /// What it forbids.
    pub kind: BanKind,
    /// The code of its branch; none means everywhere.
    pub branch: Option<String>,
    /// Where it stands now.
    pub state: BanState,
    /// When it began or begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends by itself.
    pub ends_at: Option<DateTime<Utc>>,
    /// Who placed it.
    pub placed_by: String,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// The batch that it belongs to.
    pub batch: Option<Uuid>,
    /// Who lifted it.
    pub lifted_by: Option<String>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
}

impl BanRecord {
    /// The ban of a row, as it stands at an instant.
    pub(super) fn of(row: &bans::Model, rulebook: &Rulebook, at: DateTime<Utc>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            kind: row.kind.try_into()?,
            branch: row.branch_id.map(|id| rulebook.branch_code(id).to_owned()),
            state: rules::state(row.starts_at, row.ends_at, row.lifted_at, at),
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            placed_by: row.placed_by.clone(),
            placed_at: row.placed_at,
            batch: row.batch,
            lifted_by: row.lifted_by.clone(),
            lifted_at: row.lifted_at,
        })
    }
}

impl StaffView for ListBans {
    const RPC: StaffRpc = StaffRpc::ListBans;
    type Answer = Paged<BanRecord>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<BanRecord>, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let at = desk.moment.at();
        let mut query = bans::Entity::find().filter(bans::Column::PatronId.eq(patron.id));
        if !self.include_past {
            let not_over =
                Condition::any().add(bans::Column::EndsAt.is_null()).add(bans::Column::EndsAt.gt(at));
            query = query.filter(bans::Column::LiftedAt.is_null()).filter(not_over);
        }
        if let Some(after) = self.page.after {
            query = query.filter(bans::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(bans::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        desk.viewed(&patron);
        let rulebook = desk.rulebook().await?;
        Ok(self.page.cut(rows, |row| row.id).try_map(|row| BanRecord::of(&row, &rulebook, at))?)
    }
}
