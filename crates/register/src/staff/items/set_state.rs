//! `ItemService.SetItemState`: what staff say of an item by hand.

use super::hold_item;
use crate::{
    RegisterError,
    audit::About,
    holds::waiting,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{
    HoldState, ItemReport, ItemState,
    items::{Reported, Unsettable, set_by_hand},
    reserve_pickup::is_unsettled,
};
use kortisto_store::{
    StoreError,
    entities::{holds, items, open_loans, patrons},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
};
use serde::{Deserialize, Serialize};
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

/// An item whose state was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemSet {
    /// Its state from now on.
    pub state: ItemState,
    /// Holds that wait for its title and that no item can serve any more.
    pub holds_without_item: u64,
}

impl StaffChange for SetItemState {
    const RPC: StaffRpc = StaffRpc::SetItemState;
    type Answer = ItemSet;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<ItemSet, RegisterError> {
        let item = hold_item(desk, &self.barcode).await?.ok_or(RegisterError::NotFound { what: "item" })?;
        let lent = open_loans::Entity::find_by_id(item.id)
            .count(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let keeping = keeping(desk, &item).await?;
        let reserved_until = keeping.as_ref().and_then(|hold| hold.reserved_until);
        let reserved = is_unsettled(reserved_until, &desk.moment);
        let before: ItemState = item.state.try_into().map_err(StoreError::from)?;
        let reported = Reported { state: before, lent: lent > 0, kept: keeping.is_some(), reserved };
        let state = set_by_hand(reported, self.report)
            .map_err(|why| RegisterError::RuleBroken { rule: rule(why) })?;
        let row = items::ActiveModel {
            id: Set(item.id),
            state: Set(state.code()),
            state_since: Set(Some(desk.moment.at())),
            kept_for_hold_id: Set(None),
            ..Default::default()
        };
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        if let Some(hold) = keeping {
            wait_again(desk, hold).await?;
        }
        let word = |state: ItemState| Some(state.word().to_owned());
        let change = FieldChange::new("state", word(before), word(state));
        desk.changed(format!("item {}", self.barcode), vec![change]);
        let holds_without_item = waiting::without_item(desk.transaction, item.title_id).await?;
        Ok(ItemSet { state, holds_without_item })
    }
}

/// The hold that keeps the item.
async fn keeping(desk: &StaffDesk<'_>, item: &items::Model) -> Result<Option<holds::Model>, RegisterError> {
    let Some(id) = item.kept_for_hold_id else { return Ok(None) };
    Ok(holds::Entity::find_by_id(id).one(desk.transaction).await.map_err(StoreError::from)?)
}

/// The hold is where it was in its queue, as if the item had never been kept for it.
async fn wait_again(desk: &mut StaffDesk<'_>, hold: holds::Model) -> Result<(), RegisterError> {
    let patron = patrons::Entity::find_by_id(hold.patron_id)
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::Internal("a hold has no patron"))?;
    let id = hold.id;
    let was = HoldState::try_from(hold.state).map_err(StoreError::from)?;
    let mut row = hold.into_active_model();
    row.state = Set(HoldState::Pending.code());
    row.kept_item_id = Set(None);
    row.ready_at = Set(None);
    row.pickup_until = Set(None);
    row.pickup_number = Set(None);
    row.compartment = Set(None);
    row.compartment_device_id = Set(None);
    row.reserved_until = Set(None);
    row.reserved_device_id = Set(None);
    row.update(desk.transaction).await.map_err(StoreError::from)?;
    let word = |state: HoldState| Some(state.word().to_owned());
    let fields = vec![
        FieldChange::new("hold", Some(id.to_string()), Some(id.to_string())),
        FieldChange::new("hold.state", word(was), word(HoldState::Pending)),
    ];
    desk.noted_of(&patron, About { hold: Some(id), ..About::default() }, fields);
    Ok(())
}

const fn rule(why: Unsettable) -> &'static str {
    match why {
        Unsettable::Lent => "an item on loan is returned, or its loan is reported",
        Unsettable::Kept => "an item that is kept for a hold is returned, or the hold is cancelled first",
        Unsettable::Reserved => "a locker has reserved the item and has not said whether it was taken",
        Unsettable::AsBefore => "the item is in this state already",
        Unsettable::ToBeScanned => {
            "an item that travels or stands on a hold shelf is scanned to become available"
        }
        Unsettable::NotFoundYet => "a lost item is reported as found first, or as withdrawn",
        Unsettable::NotLost => "only a lost item is found",
    }
}
