//! `BanService.PlaceBan`: bans one patron. Once it has answered, no later question gets a yes against it (I8).

use super::{BanTerms, placed};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::StoreError;
use sea_orm::ActiveModelTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Bans a patron.
#[derive(Serialize)]
pub struct PlaceBan {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// What the ban says.
    pub terms: BanTerms,
}

impl StaffChange for PlaceBan {
    const RPC: StaffRpc = StaffRpc::PlaceBan;
    /// The key of the ban.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let rulebook = desk.rulebook().await?;
        let settled = self.terms.settle_in(&rulebook, &desk.moment, desk.author(), None)?;
        let patron = desk.lock_patron(&self.patron_number).await?;
        let ban = settled.row(patron.id).insert(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed_patron(patron, placed(&ban)).await?;
        Ok(ban.id)
    }
}
