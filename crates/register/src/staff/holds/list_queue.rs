//! `HoldService.ListQueue`: who waits for a title, in their order.

use super::{barcodes, title};
use crate::{
    HoldDetails, HoldTarget, RegisterError,
    holds::details::details,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{HoldState, Purpose};
use kortisto_store::{
    StoreError,
    entities::{holds, patrons},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::HashMap;

/// Asks for the queue of a title.
pub struct ListQueue {
    /// Of what.
    pub of: HoldTarget,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page,
}

/// One who waits.
pub struct QueueEntry {
    /// Its number in the queue.
    pub number: i64,
    /// The hold.
    pub hold: HoldDetails,
    /// The number of the patron.
    pub patron_number: String,
    /// The barcode of the one item that will do.
    pub only_item: Option<String>,
    /// The code of the branch whose items will do.
    pub only_branch: Option<String>,
}

impl StaffView for ListQueue {
    const RPC: StaffRpc = StaffRpc::ListQueue;
    type Answer = Paged<QueueEntry>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<QueueEntry>, RegisterError> {
        let title = title(desk, &self.of).await?;
        let mut query = holds::Entity::find()
            .filter(holds::Column::TitleId.eq(title.id))
            .filter(holds::Column::State.eq(HoldState::Pending.code()));
        if let Some(after) = self.page.after {
            query = query.filter(holds::Column::QueueNumber.gt(after));
        }
        let rows = query
            .order_by_asc(holds::Column::QueueNumber)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |row| row.queue_number);
        let found = patrons::Entity::find()
            .filter(patrons::Column::Id.is_in(page.rows.iter().map(|row| row.patron_id)))
            .order_by_asc(patrons::Column::Id)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        for patron in &found {
            desk.viewed(patron);
        }
        let numbers: HashMap<_, _> = found.into_iter().map(|patron| (patron.id, patron.number)).collect();
        let items = barcodes(desk, page.rows.iter().filter_map(|row| row.only_item_id)).await?;
        let rulebook = desk.rulebook().await?;
        let shown = details(desk.transaction, &rulebook, page.rows.clone()).await?;
        let entry = |(row, hold): (&holds::Model, HoldDetails)| QueueEntry {
            number: row.queue_number,
            hold,
            patron_number: numbers.get(&row.patron_id).cloned().unwrap_or_default(),
            only_item: row.only_item_id.and_then(|id| items.get(&id).cloned()),
            only_branch: row.only_branch_id.map(|id| rulebook.branch_code(id).to_owned()),
        };
        Ok(Paged { rows: page.rows.iter().zip(shown).map(entry).collect(), next: page.next })
    }
}
