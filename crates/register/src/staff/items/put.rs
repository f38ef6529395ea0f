//! `ItemService.PutItem`: an item as it is kept.

use super::{cents, find_title, hold_item, title_of};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc, operation::came_first, trail::differences},
};
use kortisto_domain::{HoldState, ItemState};
use kortisto_store::{
    StoreError,
    entities::{holds, items},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    PaginatorTrait as _, QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// The item as it should stand.
#[derive(Serialize)]
pub struct PutItem {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The barcode, by which an existing item is found.
    pub barcode: String,
    /// The number of its title.
    pub title_number: String,
    /// The code of the branch to which it belongs.
    pub home_branch: String,
    /// Its collection; may be empty.
    pub collection: String,
    /// Its price in cents; none for that of its title.
    pub price_cents: Option<i64>,
    /// A note about it.
    pub note: Option<String>,
}

impl StaffChange for PutItem {
    const RPC: StaffRpc = StaffRpc::PutItem;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        let there = hold_item(desk, &self.barcode).await?;
        let title = find_title(desk, &self.title_number).await?;
        let title = title.ok_or(RegisterError::NotFound { what: "title" })?;
        let branch = desk.branch_id(Some(&self.home_branch)).await?;
        let branch = branch.ok_or(RegisterError::NotFound { what: "branch" })?;
        let old_title = match &there {
            Some(there) if there.title_id != title.id => {
                check_unpromised(desk, there).await?;
                Some(title_of(desk, there.title_id).await?.number)
            }
            Some(_) => Some(title.number.clone()),
            None => None,
        };
        let rulebook = desk.rulebook().await?;
        let old_branch = there.as_ref().map(|row| rulebook.branch_code(row.home_branch_id).to_owned());
        let old_collection = there.as_ref().map(|row| row.collection.clone());
        let fields = differences([
            ("title", old_title, Some(title.number)),
            ("home_branch", old_branch, Some(self.home_branch.clone())),
            ("collection", old_collection, Some(self.collection.clone())),
            ("price_cents", cents(there.as_ref().and_then(|row| row.price_cents)), cents(self.price_cents)),
            ("note", there.as_ref().and_then(|row| row.note.clone()), self.note.clone()),
        ]);
        let is_new = there.is_none();
        let mut row = there.map_or_else(
            || items::ActiveModel {
                barcode: Set(self.barcode.clone()),
                state: Set(ItemState::Available.code()),
                state_since: Set(Some(desk.moment.at())),
                at_branch_id: Set(branch),
                ..Default::default()
            },
            items::Model::into_active_model,
        );
        row.title_id = Set(title.id);
        row.home_branch_id = Set(branch);
        row.collection = Set(self.collection.clone());
        row.price_cents = Set(self.price_cents);
        row.note = Set(self.note.clone());
        let written =
            if is_new { row.insert(desk.transaction).await } else { row.update(desk.transaction).await };
        written.map_err(|error| came_first(error.into()))?;
        desk.changed(format!("item {}", self.barcode), fields);
        Ok(is_new)
    }
}

/// Refuses to make an item one of another title while somebody waits for it as one of this title. A loan has days and a
/// material of its own, and goes on.
async fn check_unpromised(desk: &StaffDesk<'_>, item: &items::Model) -> Result<(), RegisterError> {
    let awaited = holds::Entity::find()
        .filter(holds::Column::TitleId.eq(item.title_id))
        .filter(holds::Column::State.eq(HoldState::Pending.code()))
        .filter(holds::Column::OnlyItemId.eq(item.id))
        .count(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let rule = "an item that is kept for a hold or waited for itself keeps its title";
    if item.kept_for_hold_id.is_some() || awaited > 0 {
        Err(RegisterError::RuleBroken { rule })
    } else {
        Ok(())
    }
}
