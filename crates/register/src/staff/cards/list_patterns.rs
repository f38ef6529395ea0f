//! `CardService.ListCardPatterns`: the forms that card numbers have, in the order in which they were
//! added.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::card_patterns};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for the forms.
pub struct ListCardPatterns {
    /// Which page.
    pub page: Page,
}

impl StaffView for ListCardPatterns {
    const RPC: StaffRpc = StaffRpc::ListCardPatterns;
    type Answer = Paged<card_patterns::Model>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let mut query = card_patterns::Entity::find();
        if let Some(after) = self.page.after {
            query = query.filter(card_patterns::Column::Id.gt(after));
        }
        let patterns = query
            .order_by_asc(card_patterns::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(self.page.cut(patterns, |row| row.id))
    }
}
