//! `HoldService.ListPatronHolds`: what a patron waits for, and what became of it, whatever becomes of the card;
//! newest first.

use crate::{
    HoldDetails, RegisterError,
    holds::details::details,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
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
    /// Which page.
    pub page: Page<Uuid>,
}

impl StaffView for ListPatronHolds {
    const RPC: StaffRpc = StaffRpc::ListPatronHolds;
    type Answer = Paged<HoldDetails, Uuid>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        desk.viewed(&patron);
        let mut query = holds::Entity::find().filter(holds::Column::PatronId.eq(patron.id));
        if !self.include_closed {
            let open = [HoldState::Pending, HoldState::InTransit, HoldState::Ready].map(HoldState::code);
            query = query.filter(holds::Column::State.is_in(open));
        }
        if let Some(after) = self.page.after {
            query = query.filter(holds::Column::Id.lt(after));
        }
        // Ids begin with the time at which a hold was placed.
        let rows = query
            .order_by_desc(holds::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |hold| hold.id);
        let rulebook = desk.rulebook().await?;
        Ok(Paged { rows: details(desk.transaction, &rulebook, page.rows).await?, next: page.next })
    }
}
