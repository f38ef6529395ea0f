//! `PatronService.ListCategories`: the consortium's own list of patron categories (A42), in the order of their
//! codes.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::patron_categories};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for the list.
pub struct ListCategories {
    /// Which page, by the codes.
    pub page: Page<String>,
}

impl StaffView for ListCategories {
    const RPC: StaffRpc = StaffRpc::ListCategories;
    type Answer = Paged<patron_categories::Model, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let mut query = patron_categories::Entity::find()
            .order_by_asc(patron_categories::Column::Code)
            .limit(self.page.limit());
        if let Some(code) = &self.page.after {
            query = query.filter(patron_categories::Column::Code.gt(code.as_str()));
        }
        let found = query.all(desk.transaction).await.map_err(StoreError::from)?;
        Ok(self.page.cut(found, |category| category.code.clone()))
    }
}
