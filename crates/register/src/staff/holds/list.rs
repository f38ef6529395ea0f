//! `HoldService.ListPatronHolds`: what a patron waits for, and what became of it, whatever becomes of the card.

use crate::{
    HoldDetails, RegisterError,
    holds::details::details,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{HoldState, Purpose};
use kortisto_store::{StoreError, entities::holds};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use uuid::Uuid;

/// Asks for the holds of a patron.
pub struct ListPatronHolds {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Whether those that are over are shown too, until they are forgotten.
    pub include_closed: bool,
    /// Holds at most, 1 to 100.
    pub page_size: u64,
    /// The last hold of the page before.
    pub after: Option<Uuid>,
}

/// A page of holds, the newest first.
pub struct PatronHolds {
    /// The holds.
    pub holds: Vec<HoldDetails>,
    /// The hold after which the next page begins; none on the last.
    pub next: Option<Uuid>,
}

impl StaffView for ListPatronHolds {
    const RPC: StaffRpc = StaffRpc::ListPatronHolds;
    type Answer = PatronHolds;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<PatronHolds, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        desk.viewed(&patron);
        let mut query = holds::Entity::find().filter(holds::Column::PatronId.eq(patron.id));
        if !self.include_closed {
            let open = [HoldState::Pending, HoldState::InTransit, HoldState::Ready].map(HoldState::code);
            query = query.filter(holds::Column::State.is_in(open));
        }
        if let Some(after) = self.after {
            query = query.filter(holds::Column::Id.lt(after));
        }
        // Ids begin with the time at which a hold was placed.
        let mut rows = query
            .order_by_desc(holds::Column::Id)
            .limit(self.page_size + 1)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let more = rows.len() as u64 > self.page_size;
        rows.truncate(usize::try_from(self.page_size).unwrap_or(usize::MAX));
        let next = rows.last().filter(|_| more).map(|hold| hold.id);
        let rulebook = desk.rulebook().await?;
        Ok(PatronHolds { holds: details(desk.transaction, &rulebook, rows).await?, next })
    }
}
