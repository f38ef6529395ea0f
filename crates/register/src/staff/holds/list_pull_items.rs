//! `HoldService.ListPullItems`: what stands on the shelves of a branch while somebody waits for it.
//!
//! Each item is on the list for the hold that it would go to if it were scanned now, and each hold once: of three
//! copies on the shelf one is fetched for one hold.

use crate::{
    PickupSpot, RegisterError, Rulebook,
    holds::{release::as_queue, waiting},
    staff::{Page, StaffDesk, StaffRpc, StaffView},
};
use chrono::NaiveDate;
use kortisto_domain::{
    HoldState, ItemState, Purpose,
    facts::Item,
    take_back::{self, Routing, TakeBack},
};
use kortisto_store::{
    StoreError,
    entities::{holds, items, open_loans, titles},
    queries::circulation_facts::Queued,
};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::{Expr, ExprTrait as _, Query},
};
use uuid::Uuid;

/// Holds that are read for one title at most; more wait for none.
const QUEUE_READ_MAX: u64 = 20_000;

/// Asks what is to be fetched.
pub struct ListPullItems {
    /// The code of the branch.
    pub branch: String,
    /// Which page, of titles.
    pub page: Page,
}

/// An item to fetch.
pub struct PullItem {
    /// Its barcode.
    pub barcode: String,
    /// Author and title.
    pub label: String,
    /// The collection in which it stands.
    pub collection: String,
    /// The code of the branch where its hold is picked up.
    pub pickup_branch: String,
    /// Where there.
    pub pickup_spot: PickupSpot,
    /// The hold.
    pub hold: Uuid,
}

/// A page of what is to be fetched.
pub struct PullPage {
    /// The items, title by title.
    pub items: Vec<PullItem>,
    /// The key of the last title looked through; none on the last page.
    pub next: Option<i64>,
}

impl StaffView for ListPullItems {
    const RPC: StaffRpc = StaffRpc::ListPullItems;
    type Answer = PullPage;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PullPage, RegisterError> {
        let branch = desk.branch_id(Some(&self.branch)).await?.unwrap_or_default();
        let page = self.page.cut(self.titles(desk, branch).await?, |title| title.id);
        let rulebook = desk.rulebook().await?;
        let today = desk.moment.today();
        let mut found = Vec::new();
        for title in &page.rows {
            let mut queue = queue(desk, title.id).await?;
            for item in standing_here(desk, title.id, branch).await? {
                let Some(place) = destined(&rulebook, today, &item, title, branch, &queue) else { continue };
                let hold = queue.remove(place);
                found.push(PullItem {
                    barcode: item.barcode,
                    label: title.label.clone(),
                    collection: item.collection,
                    pickup_branch: rulebook.branch_code(hold.pickup_branch_id).to_owned(),
                    pickup_spot: rulebook.pickup_spot(hold.pickup_stop_id, hold.pickup_locker_id),
                    hold: hold.id,
                });
            }
        }
        Ok(PullPage { items: found, next: page.next })
    }
}

impl ListPullItems {
    /// Titles that somebody waits for and of which an item stands here, in the order of their keys.
    async fn titles(&self, desk: &StaffDesk<'_>, branch: i64) -> Result<Vec<titles::Model>, RegisterError> {
        let waited_for = Query::select()
            .column(holds::Column::TitleId)
            .from(holds::Entity)
            .and_where(Expr::col(holds::Column::State).eq(HoldState::Pending.code()))
            .and_where(Expr::col(holds::Column::TitleId).gt(self.page.after.unwrap_or(0)))
            .take();
        let here = Query::select()
            .column(items::Column::TitleId)
            .from(items::Entity)
            .and_where(Expr::col(items::Column::AtBranchId).eq(branch))
            .and_where(Expr::col(items::Column::State).eq(ItemState::Available.code()))
            .and_where(Expr::col(items::Column::KeptForHoldId).is_null())
            .and_where(
                Expr::col((items::Entity, items::Column::TitleId))
                    .equals((titles::Entity, titles::Column::Id)),
            )
            .take();
        let rows = titles::Entity::find()
            .filter(titles::Column::Id.in_subquery(waited_for))
            .filter(Expr::exists(here))
            .order_by_asc(titles::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(rows)
    }
}

/// The queue of a title, as a return would see it.
async fn queue(desk: &StaffDesk<'_>, title: i64) -> Result<Vec<Queued>, RegisterError> {
    let today = desk.moment.today();
    let borrowers = waiting::borrowers(desk.transaction, title).await?;
    let rows = holds::Entity::find()
        .filter(holds::Column::TitleId.eq(title))
        .filter(holds::Column::State.eq(HoldState::Pending.code()))
        .order_by_asc(holds::Column::QueueNumber)
        .limit(QUEUE_READ_MAX)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let waits = |row: &holds::Model| waiting::obstacle(row, today, &borrowers).is_none();
    waiting::queued(desk.transaction, &rows.into_iter().filter(waits).collect::<Vec<_>>()).await
}

/// The items of a title that stand on the shelves of a branch.
async fn standing_here(
    desk: &StaffDesk<'_>,
    title: i64,
    branch: i64,
) -> Result<Vec<items::Model>, RegisterError> {
    let found = items::Entity::find()
        .filter(items::Column::TitleId.eq(title))
        .filter(items::Column::AtBranchId.eq(branch))
        .filter(items::Column::State.eq(ItemState::Available.code()))
        .filter(items::Column::KeptForHoldId.is_null())
        .order_by_asc(items::Column::Id)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let lent = open_loans::Entity::find()
        .filter(open_loans::Column::ItemId.is_in(found.iter().map(|item| item.id)))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(found.into_iter().filter(|item| lent.iter().all(|loan| loan.item_id != item.id)).collect())
}

/// The place of the hold that gets the item.
fn destined(
    rulebook: &Rulebook,
    today: NaiveDate,
    item: &items::Model,
    title: &titles::Model,
    branch: i64,
    queue: &[Queued],
) -> Option<usize> {
    let facts = Item {
        state: ItemState::Available,
        material: title.material.clone(),
        collection: item.collection.clone(),
        age_rating: None,
        home_branch: item.home_branch_id,
        borrower: None,
        kept_for: None,
        waited_for: true,
    };
    let queue = as_queue(rulebook, facts.class(), today, queue);
    match take_back::route(&TakeBack { item: &facts, item_id: item.id, branch, queue: &queue }) {
        Routing::HoldShelf { queue_index } | Routing::TransitToHold { queue_index, .. } => queue_index,
        Routing::Shelf | Routing::Staff | Routing::TransitHome { .. } => None,
    }
}
