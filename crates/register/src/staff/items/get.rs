//! `ItemService.GetItem`: an item, where it is, and who has it.

use super::{ItemRecord, title_of};
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{
    StoreError,
    entities::{open_loans, patrons, titles},
};
use sea_orm::EntityTrait as _;

/// Asks for an item.
pub struct GetItem {
    /// Its barcode.
    pub barcode: String,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// An item.
pub struct ItemShown {
    /// The item and where it is.
    pub record: ItemRecord,
    /// Its title.
    pub title: titles::Model,
    /// The number of the patron who has it; none where it is not on loan.
    pub patron_number: Option<String>,
}

impl StaffView for GetItem {
    const RPC: StaffRpc = StaffRpc::GetItem;
    type Answer = ItemShown;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<ItemShown, RegisterError> {
        let item = desk.item(&self.barcode).await?;
        let title = title_of(desk, item.title_id).await?;
        let loan =
            open_loans::Entity::find_by_id(item.id).one(desk.transaction).await.map_err(StoreError::from)?;
        let patron_number = match &loan {
            None => None,
            Some(loan) => {
                let patron = patrons::Entity::find_by_id(loan.patron_id).one(desk.transaction).await;
                let patron = patron
                    .map_err(StoreError::from)?
                    .ok_or(RegisterError::Internal("a loan without a patron"))?;
                // The row does not name the item: a trace of who had what has to end with the loan's (A77).
                desk.viewed(&patron);
                Some(patron.number)
            }
        };
        let rulebook = desk.rulebook().await?;
        let record = ItemRecord::of(item, &title, &rulebook, loan.map(|loan| loan.due_on));
        Ok(ItemShown { record, title, patron_number })
    }
}
