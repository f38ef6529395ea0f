//! The hold whose compartment a device opens for the patron of a session: with its item, both held.

use super::holder::lock_hold;
use crate::{Ask, RegisterError, desk::world::World, patrons::at_device::PatronDesk};
use chrono::{DateTime, Utc};
use kortisto_domain::{lend::LendDecision, pick_up::HoldAtPickup, reserve_pickup::Reserved};
use kortisto_store::{
    StoreError,
    entities::holds,
    queries::{
        circulation_facts::{Facts, NamedHold},
        item::Item,
    },
};
use sea_orm::{EntityTrait as _, ExprTrait as _, QueryFilter as _, sea_query::Expr};
use uuid::Uuid;

/// A hold at its pickup.
pub(crate) struct AtCompartment {
    facts: Facts,
}

impl AtCompartment {
    /// Holds the item and gives the facts; also of a hold that does not exist.
    pub(crate) async fn load(desk: &PatronDesk<'_>, ask: &Ask, id: Uuid) -> Result<Self, RegisterError> {
        let facts = lock_hold(desk.transaction, &desk.moment, id, Some(&ask.token_hash)).await?;
        Ok(Self { facts })
    }

    /// The hold, if it is the patron's, or that of somebody beside whom they stand.
    pub(crate) fn of(&self, desk: &PatronDesk<'_>) -> Option<(&NamedHold, Option<&Item>)> {
        let hold = self.facts.hold.as_ref()?;
        let own = hold.patron_id == desk.party.patron_id;
        let ward = desk.party.patron.wards.iter().any(|ward| ward.patron == hold.patron_id);
        (own || ward).then_some((hold, self.facts.item.as_ref()))
    }

    /// May the patron take it, at this branch, and until when?
    pub(crate) fn pick_up(&self, desk: &PatronDesk<'_>) -> LendDecision {
        let at_pickup = self.facts.hold.as_ref().map(|hold| HoldAtPickup {
            patron: hold.patron_id,
            state: hold.state,
            pickup_branch: hold.pickup_branch_id,
        });
        let item = self.facts.item.as_ref();
        let item = item.map(|item| World::item_facts(item, &desk.rulebook, desk.moment.today()));
        desk.asker().pick_up(at_pickup, item.as_ref())
    }
}

/// How a hold is reserved.
pub(crate) fn reserved(hold: &NamedHold) -> Reserved {
    Reserved { state: hold.state, by: hold.reserved }
}

/// Keeps which device opens the compartment of a hold and until when; none ends it.
pub(crate) async fn reserve(
    desk: &PatronDesk<'_>,
    id: Uuid,
    until: Option<DateTime<Utc>>,
) -> Result<(), RegisterError> {
    holds::Entity::update_many()
        .col_expr(holds::Column::ReservedUntil, Expr::value(until))
        .col_expr(holds::Column::ReservedDeviceId, Expr::value(until.map(|_| desk.device.id)))
        .filter(Expr::col(holds::Column::Id).eq(id))
        .exec(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}
