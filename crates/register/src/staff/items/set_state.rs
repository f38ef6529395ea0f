//! `ItemService.SetItemState`: what staff say of an item by hand.

use super::hold_item;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{
    ItemReport, ItemState,
    items::{Reported, Unsettable, set_by_hand},
};
use kortisto_store::{
    StoreError,
    entities::{items, open_loans},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, PaginatorTrait as _};
use serde::Serialize;
use uuid::Uuid;

/// Sets the state of an item.
#[derive(Serialize)]
pub struct SetItemState {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The barcode of the item.
    pub barcode: String,
    /// What is said of it.
    pub report: ItemReport,
}

impl StaffChange for SetItemState {
    const RPC: StaffRpc = StaffRpc::SetItemState;
    type Answer = ItemState;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<ItemState, RegisterError> {
        let item = hold_item(desk, &self.barcode).await?.ok_or(RegisterError::NotFound { what: "item" })?;
        let lent = open_loans::Entity::find_by_id(item.id)
            .count(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let before: ItemState = item.state.try_into().map_err(StoreError::from)?;
        let kept = item.kept_for_hold_id.is_some();
        let state = set_by_hand(Reported { state: before, lent: lent > 0, kept }, self.report)
            .map_err(|why| RegisterError::RuleBroken { rule: rule(why) })?;
        let row = items::ActiveModel {
            id: Set(item.id),
            state: Set(state.code()),
            state_since: Set(Some(desk.moment.at())),
            ..Default::default()
        };
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let word = |state: ItemState| Some(state.word().to_owned());
        let change = FieldChange::new("state", word(before), word(state));
        desk.changed(format!("item {}", self.barcode), vec![change]);
        Ok(state)
    }
}

const fn rule(why: Unsettable) -> &'static str {
    match why {
        Unsettable::Lent => "an item on loan is returned, or its loan is reported",
        Unsettable::Kept => "an item that is kept for a hold is returned, or the hold is cancelled first",
        Unsettable::AsBefore => "the item is in this state already",
        Unsettable::ToBeScanned => {
            "an item that travels or stands on a hold shelf is scanned to become available"
        }
        Unsettable::NotFoundYet => "a lost item is reported as found first, or as withdrawn",
        Unsettable::NotLost => "only a lost item is found",
    }
}
