//! `PlaceService.ListBranches`.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::branches};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for a page of branches.
pub struct ListBranches {
    /// Which page.
    pub page: Page<String>,
}

impl StaffView for ListBranches {
    const RPC: StaffRpc = StaffRpc::ListBranches;
    type Answer = Paged<branches::Model, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let after = self.page.after.clone().unwrap_or_default();
        let found = branches::Entity::find()
            .filter(branches::Column::Code.gt(after))
            .order_by_asc(branches::Column::Code)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(self.page.cut(found, |branch| branch.code.clone()))
    }
}
