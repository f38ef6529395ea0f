//! `HoldService.ListShelf`: what stands on the hold shelf of a branch. It shows numbers and nobody's data.

use crate::{
    PickupSpot, RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, NaiveDate, Utc};
use kortisto_domain::{HoldState, ItemState, Purpose};
use kortisto_store::{
    StoreError,
    entities::{holds, items, titles},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;
use uuid::Uuid;

/// Which part of a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShelfPart {
    /// What waits to be picked up.
    Ready,
    /// What is kept for nobody any more.
    ToTakeOff,
}

/// Asks for the hold shelf of a branch.
pub struct ListShelf {
    /// The code of the branch.
    pub branch: String,
    /// Which part.
    pub part: ShelfPart,
    /// Which page.
    pub page: Page,
}

/// An item on a hold shelf.
pub struct ShelfItem {
    /// Its key.
    pub id: i64,
    /// Its barcode.
    pub barcode: String,
    /// Author and title.
    pub label: String,
    /// The hold that it waits for.
    pub hold: Option<Uuid>,
    /// The number of that hold.
    pub pickup_number: Option<String>,
    /// Where at the branch it is picked up.
    pub pickup_spot: PickupSpot,
    /// The compartment in which it lies.
    pub compartment: Option<String>,
    /// The last day of that hold.
    pub pickup_until: Option<NaiveDate>,
    /// Since when it waits for it.
    pub ready_at: Option<DateTime<Utc>>,
    /// Whether that day has passed.
    pub overdue: bool,
}

impl StaffView for ListShelf {
    const RPC: StaffRpc = StaffRpc::ListShelf;
    type Answer = Paged<ShelfItem>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<ShelfItem>, RegisterError> {
        let branch = desk.branch_id(Some(&self.branch)).await?.unwrap_or_default();
        let (found, waiting) = match self.part {
            ShelfPart::Ready => self.ready(desk, branch).await?,
            ShelfPart::ToTakeOff => (self.to_take_off(desk, branch).await?, HashMap::new()),
        };
        let page = self.page.cut(found, |item| item.id);
        let wanted = page.rows.iter().map(|item| item.title_id);
        let labels = titles::Entity::find()
            .filter(titles::Column::Id.is_in(wanted))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let labels: HashMap<_, _> = labels.into_iter().map(|title| (title.id, title.label)).collect();
        let rulebook = desk.rulebook().await?;
        let today = desk.moment.today();
        page.try_map(|item| {
            let hold = waiting.get(&item.id);
            Ok(ShelfItem {
                id: item.id,
                barcode: item.barcode,
                label: labels.get(&item.title_id).cloned().unwrap_or_default(),
                hold: hold.map(|hold| hold.id),
                pickup_number: hold.and_then(|hold| hold.pickup_number.clone()),
                pickup_spot: hold
                    .map(|hold| rulebook.pickup_spot(hold.pickup_stop_id, hold.pickup_locker_id))
                    .unwrap_or_default(),
                compartment: hold.and_then(|hold| hold.compartment.clone()),
                pickup_until: hold.and_then(|hold| hold.pickup_until),
                ready_at: hold.and_then(|hold| hold.ready_at),
                overdue: hold.and_then(|hold| hold.pickup_until).is_some_and(|last| last < today),
            })
        })
    }
}

impl ListShelf {
    /// The items that wait, and their holds by item.
    async fn ready(
        &self,
        desk: &StaffDesk<'_>,
        branch: i64,
    ) -> Result<(Vec<items::Model>, HashMap<i64, holds::Model>), RegisterError> {
        let mut query = holds::Entity::find()
            .filter(holds::Column::PickupBranchId.eq(branch))
            .filter(holds::Column::State.eq(HoldState::Ready.code()));
        if let Some(after) = self.page.after {
            query = query.filter(holds::Column::KeptItemId.gt(after));
        }
        let rows = query
            .order_by_asc(holds::Column::KeptItemId)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let by_item: HashMap<_, _> =
            rows.into_iter().filter_map(|row| row.kept_item_id.map(|item| (item, row))).collect();
        let found = items::Entity::find()
            .filter(items::Column::Id.is_in(by_item.keys().copied()))
            .order_by_asc(items::Column::Id)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok((found, by_item))
    }

    async fn to_take_off(
        &self,
        desk: &StaffDesk<'_>,
        branch: i64,
    ) -> Result<Vec<items::Model>, RegisterError> {
        let mut query = items::Entity::find()
            .filter(items::Column::AtBranchId.eq(branch))
            .filter(items::Column::State.eq(ItemState::OnHoldShelf.code()))
            .filter(items::Column::KeptForHoldId.is_null());
        if let Some(after) = self.page.after {
            query = query.filter(items::Column::Id.gt(after));
        }
        let rows = query.order_by_asc(items::Column::Id).limit(self.page.limit());
        Ok(rows.all(desk.transaction).await.map_err(StoreError::from)?)
    }
}
