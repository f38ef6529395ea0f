//! `PlaceService.ListResources`.

use super::branch;
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::resources};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for a page of resources.
pub struct ListResources {
    /// The code of the branch.
    pub branch: String,
    /// Which page.
    pub page: Page<String>,
}

impl StaffView for ListResources {
    const RPC: StaffRpc = StaffRpc::ListResources;
    type Answer = Paged<resources::Model, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let branch = branch(desk, &self.branch).await?;
        let found = resources::Entity::find()
            .filter(resources::Column::BranchId.eq(branch.id))
            .filter(resources::Column::Code.gt(self.page.after.clone().unwrap_or_default()))
            .order_by_asc(resources::Column::Code)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(self.page.cut(found, |resource| resource.code.clone()))
    }
}
