//! `PlaceService.ListControllers`: who answers for the register, and when each belongs to the consortium (A1 to A3).

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{Purpose, places::span::Span};
use kortisto_store::{
    StoreError,
    entities::{controllers, memberships},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for a page of controllers.
pub struct ListControllers {
    /// Which page.
    pub page: Page<String>,
}

/// A controller with its memberships.
#[derive(Debug, Clone)]
pub struct ListedController {
    /// The controller.
    pub controller: controllers::Model,
    /// Its memberships, the earliest first.
    pub memberships: Vec<memberships::Model>,
    /// Whether it belongs to the consortium today.
    pub member_today: bool,
}

impl StaffView for ListControllers {
    const RPC: StaffRpc = StaffRpc::ListControllers;
    type Answer = Paged<ListedController, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let after = self.page.after.clone().unwrap_or_default();
        let found = controllers::Entity::find()
            .filter(controllers::Column::Municipality.gt(after))
            .order_by_asc(controllers::Column::Municipality)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let found = self.page.cut(found, |controller| controller.municipality.clone());
        let codes = found.rows.iter().map(|controller| controller.municipality.clone());
        let memberships = memberships::Entity::find()
            .filter(memberships::Column::Municipality.is_in(codes))
            .order_by_asc(memberships::Column::ValidFrom)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let today = desk.moment.today();
        let listed = |controller: controllers::Model| {
            let own = memberships.iter().filter(|own| own.municipality == controller.municipality);
            let own: Vec<_> = own.cloned().collect();
            let is_today =
                |own: &memberships::Model| Span { first: own.valid_from, last: own.valid_until }.holds(today);
            ListedController { member_today: own.iter().any(is_today), controller, memberships: own }
        };
        Ok(found.map(listed))
    }
}
