//! `ItemService.GetTitle`: a title with its items, and nobody who has one.

use super::{ItemRecord, find_title};
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::NaiveDate;
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{items, open_loans, titles},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;

/// Asks for a title.
pub struct GetTitle {
    /// Its number.
    pub number: String,
    /// Which page of its items.
    pub page: Page,
}

/// A title.
pub struct TitleShown {
    /// The title.
    pub title: titles::Model,
    /// A page of its items.
    pub items: Paged<ItemRecord>,
}

impl StaffView for GetTitle {
    const RPC: StaffRpc = StaffRpc::GetTitle;
    type Answer = TitleShown;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<TitleShown, RegisterError> {
        let title = find_title(desk, &self.number).await?.ok_or(RegisterError::NotFound { what: "title" })?;
        let found = items::Entity::find()
            .filter(items::Column::TitleId.eq(title.id))
            .filter(items::Column::Id.gt(self.page.after.unwrap_or(0)))
            .order_by_asc(items::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(found, |item| item.id);
        let lent = open_loans::Entity::find()
            .filter(open_loans::Column::ItemId.is_in(page.rows.iter().map(|item| item.id)))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let due: HashMap<i64, NaiveDate> = lent.into_iter().map(|loan| (loan.item_id, loan.due_on)).collect();
        let rulebook = desk.rulebook().await?;
        let record = |item: items::Model| {
            let due_on = due.get(&item.id).copied();
            ItemRecord::of(item, &title, &rulebook, due_on)
        };
        let items = page.map(record);
        Ok(TitleShown { title, items })
    }
}
