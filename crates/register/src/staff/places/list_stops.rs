//! `PlaceService.ListStops`.

use super::branch;
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::stops};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for a page of stops.
pub struct ListStops {
    /// The code of the bookmobile.
    pub branch: String,
    /// Which page.
    pub page: Page<String>,
}

impl StaffView for ListStops {
    const RPC: StaffRpc = StaffRpc::ListStops;
    type Answer = Paged<stops::Model, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let branch = branch(desk, &self.branch).await?;
        let found = stops::Entity::find()
            .filter(stops::Column::BranchId.eq(branch.id))
            .filter(stops::Column::Code.gt(self.page.after.clone().unwrap_or_default()))
            .order_by_asc(stops::Column::Code)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(self.page.cut(found, |stop| stop.code.clone()))
    }
}
