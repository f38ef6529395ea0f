//! `PlaceService.ListBranches`.

use super::{Page, limit};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::branches};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for a page of branches.
pub struct ListBranches {
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last code of the page before.
    pub after: Option<String>,
}

impl StaffView for ListBranches {
    const RPC: StaffRpc = StaffRpc::ListBranches;
    type Answer = Page<branches::Model>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let after = self.after.clone().unwrap_or_default();
        let found = branches::Entity::find()
            .filter(branches::Column::Code.gt(after))
            .order_by_asc(branches::Column::Code)
            .limit(limit(self.page_size))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(Page::cut(found, self.page_size, |branch| branch.code.clone()))
    }
}
