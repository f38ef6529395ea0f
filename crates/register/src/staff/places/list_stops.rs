//! `PlaceService.ListStops`.

use super::{Page, branch, limit};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::stops};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for a page of stops.
pub struct ListStops {
    /// The code of the bookmobile.
    pub branch: String,
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last code of the page before.
    pub after: Option<String>,
}

impl StaffView for ListStops {
    const RPC: StaffRpc = StaffRpc::ListStops;
    type Answer = Page<stops::Model>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let branch = branch(desk, &self.branch).await?;
        let found = stops::Entity::find()
            .filter(stops::Column::BranchId.eq(branch.id))
            .filter(stops::Column::Code.gt(self.after.clone().unwrap_or_default()))
            .order_by_asc(stops::Column::Code)
            .limit(limit(self.page_size))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(Page::cut(found, self.page_size, |stop| stop.code.clone()))
    }
}
