//! `HoldService.ExplainHold`: why a hold has its item, or does not.

use super::{barcodes, hold};
use crate::{
    HoldDetails, RegisterError, Rulebook,
    holds::{details::details, release::as_queue, waiting},
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    HoldState, Purpose,
    policy::ItemClass,
    waiting::{Obstacle, against},
};
use kortisto_store::{
    StoreError,
    entities::{audit, holds, items, patrons, titles},
    queries::circulation_facts::QUEUE_ROWS_MAX,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashSet;
use uuid::Uuid;

/// Events that are shown at most.
const EVENTS_MAX: u64 = 100;

/// Asks why.
pub struct ExplainHold {
    /// Which hold.
    pub hold: Uuid,
    /// Why it is asked.
    pub purpose: Option<Purpose>,
}

/// A hold in front of another.
pub struct InFront {
    /// The hold.
    pub id: Uuid,
    /// What keeps the item from it, if something does.
    pub obstacle: Option<Obstacle>,
    /// The code of the branch where it is picked up.
    pub pickup_branch: String,
}

/// Something that happened to a hold.
pub struct HoldEvent {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub action: String,
    /// By whom.
    pub actor: String,
    /// The code of the branch.
    pub branch: Option<String>,
    /// The barcode of the item.
    pub barcode: Option<String>,
}

/// Why a hold stands where it stands.
pub struct HoldExplained {
    /// The hold.
    pub hold: HoldDetails,
    /// The barcode of the item that is or was last kept for it.
    pub barcode: Option<String>,
    /// Holds in front of it that still wait.
    pub in_front: Vec<InFront>,
    /// What happened to it, oldest first.
    pub events: Vec<HoldEvent>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// What keeps every item from it, if something does.
    pub obstacle: Option<Obstacle>,
}

impl StaffView for ExplainHold {
    const RPC: StaffRpc = StaffRpc::ExplainHold;
    type Answer = HoldExplained;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<HoldExplained, RegisterError> {
        let row = hold(desk, self.hold).await?;
        let patron = patrons::Entity::find_by_id(row.patron_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::Internal("a hold has no patron"))?;
        desk.viewed(&patron);
        let rulebook = desk.rulebook().await?;
        let trail = audit::Entity::find()
            .filter(audit::Column::HoldId.eq(row.id))
            .order_by_asc(audit::Column::Id)
            .limit(EVENTS_MAX)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let last_item = trail.iter().rev().find_map(|event| event.item_id);
        let item = match row.kept_item_id.or(last_item) {
            None => None,
            Some(id) => {
                items::Entity::find_by_id(id).one(desk.transaction).await.map_err(StoreError::from)?
            }
        };
        let known = barcodes(desk, trail.iter().filter_map(|event| event.item_id)).await?;
        let borrowers = waiting::borrowers(desk.transaction, row.title_id).await?;
        let in_front = in_front(desk, &rulebook, &row, item.as_ref(), &borrowers).await?;
        let without_item = waiting::is_without_item(desk.transaction, row.id).await?;
        let waits = row.state == HoldState::Pending.code();
        let obstacle = waiting::obstacle(&row, desk.moment.today(), &borrowers).filter(|_| waits);
        let obstacle = obstacle.or_else(|| without_item.then_some(Obstacle::NoItem));
        let closed_by = row.closed_by.clone();
        let shown = details(desk.transaction, &rulebook, vec![row]).await?.pop();
        let event = |event: audit::Model| HoldEvent {
            at: event.at,
            action: event.action,
            actor: event.actor,
            branch: event.branch_id.map(|id| rulebook.branch_code(id).to_owned()),
            barcode: event.item_id.and_then(|id| known.get(&id).cloned()),
        };
        Ok(HoldExplained {
            hold: shown.ok_or(RegisterError::Internal("a hold has no details"))?,
            barcode: item.map(|item| item.barcode),
            in_front,
            events: trail.into_iter().map(event).collect(),
            closed_by,
            obstacle,
        })
    }
}

async fn in_front(
    desk: &StaffDesk<'_>,
    rulebook: &Rulebook,
    row: &holds::Model,
    item: Option<&items::Model>,
    borrowers: &HashSet<i64>,
) -> Result<Vec<InFront>, RegisterError> {
    let before = holds::Entity::find()
        .filter(holds::Column::TitleId.eq(row.title_id))
        .filter(holds::Column::State.eq(HoldState::Pending.code()))
        .filter(holds::Column::QueueNumber.lt(row.queue_number))
        .order_by_asc(holds::Column::QueueNumber)
        .limit(QUEUE_ROWS_MAX as u64)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let today = desk.moment.today();
    let title =
        titles::Entity::find_by_id(row.title_id).one(desk.transaction).await.map_err(StoreError::from)?;
    let material = title.map(|title| title.material).unwrap_or_default();
    let queue = waiting::queued(desk.transaction, &before).await?;
    let of_item = |item: &items::Model| {
        let class = ItemClass { material: &material, collection: &item.collection };
        let queue = as_queue(rulebook, class, today, &queue);
        queue.iter().map(|hold| against(hold, item.id, item.home_branch_id)).collect()
    };
    let of_item: Vec<_> = item.map_or_else(|| vec![None; queue.len()], of_item);
    let shown = |(hold, of_item): (&holds::Model, Option<Obstacle>)| InFront {
        id: hold.id,
        obstacle: waiting::obstacle(hold, today, borrowers).or(of_item),
        pickup_branch: rulebook.branch_code(hold.pickup_branch_id).to_owned(),
    };
    Ok(before.iter().zip(of_item).map(shown).collect())
}
