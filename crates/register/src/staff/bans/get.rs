//! `BanService.GetBan`: one ban with its grounds and what was said, for the few who may read them.

use super::BanRecord;
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{bans, patrons},
};
use sea_orm::EntityTrait as _;

/// Asks for a ban.
pub struct GetBan {
    /// Its key.
    pub ban_id: i64,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// A ban with its grounds.
#[derive(Clone)]
pub struct BanGrounds {
    /// The ban.
    pub ban: BanRecord,
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub grounds: String,
    /// Who decided.
    pub decision_maker: Option<String>,
    /// What the patron said when heard.
    pub heard: Option<String>,
    /// How to claim a correction.
    pub appeal: Option<String>,
    /// Why it was lifted.
    pub lift_reason: Option<String>,
}

impl StaffView for GetBan {
    const RPC: StaffRpc = StaffRpc::GetBan;
    type Answer = BanGrounds;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<BanGrounds, RegisterError> {
        let unknown = RegisterError::NotFound { what: "ban" };
        let row = bans::Entity::find_by_id(self.ban_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or_else(|| unknown.clone())?;
        let patron = patrons::Entity::find_by_id(row.patron_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(unknown)?;
        desk.viewed(&patron);
        let rulebook = desk.rulebook().await?;
        Ok(BanGrounds {
            ban: BanRecord::of(&row, &rulebook, desk.moment.at())?,
            patron_number: patron.number,
            grounds: row.reason,
            decision_maker: row.decision_maker,
            heard: row.heard,
            appeal: row.appeal,
            lift_reason: row.lift_reason,
        })
    }
}
