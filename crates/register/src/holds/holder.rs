//! Whose holds are placed, changed and cancelled, at a device or at a desk, and what these have in common.

use super::wish::PickupPlace;
use crate::{Register, RegisterError, Rulebook};
use kortisto_domain::{
    HoldState, ItemState, Moment, ResourceKind,
    policy::{ItemClass, PlacingPolicy},
    waiting::NEVER_SERVING,
};
use kortisto_store::{
    Engine, StoreError,
    entities::{holds, items, resources, stops, titles},
    queries::{
        circulation_facts::{self, Facts},
        dialect::Hex,
        locks,
        party::Party,
    },
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A patron whose row is held, so that nobody else counts their holds meanwhile.
pub(crate) struct Holder<'a> {
    pub(crate) register: &'a Register,
    pub(crate) transaction: &'a DatabaseTransaction,
    pub(crate) moment: Moment,
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) party: &'a Party,
    /// The branch of device or desk.
    pub(crate) branch: i64,
    /// The device or desk.
    pub(crate) device: i64,
    /// Who does it, for columns like `closed_by`.
    pub(crate) author: String,
}

/// A place of pickup that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pickup {
    pub(crate) branch: i64,
    pub(crate) stop: Option<i64>,
    pub(crate) locker: Option<i64>,
}

impl Holder<'_> {
    /// The place with these codes; none where it does not exist.
    pub(crate) async fn pickup(&self, place: &PickupPlace) -> Result<Option<Pickup>, RegisterError> {
        let Some(branch) = self.rulebook.branch_id(&place.branch) else { return Ok(None) };
        let mut pickup = Pickup { branch, stop: None, locker: None };
        if let Some(code) = &place.stop {
            let found = stops::Entity::find()
                .filter(stops::Column::BranchId.eq(branch))
                .filter(stops::Column::Code.eq(code))
                .one(self.transaction)
                .await
                .map_err(StoreError::from)?;
            let Some(stop) = found else { return Ok(None) };
            pickup.stop = Some(stop.id);
        }
        if let Some(code) = &place.locker {
            let found = resources::Entity::find()
                .filter(resources::Column::BranchId.eq(branch))
                .filter(resources::Column::Code.eq(code))
                .filter(resources::Column::Kind.eq(ResourceKind::Locker.code()))
                .one(self.transaction)
                .await
                .map_err(StoreError::from)?;
            let Some(locker) = found else { return Ok(None) };
            pickup.locker = Some(locker.id);
        }
        Ok(Some(pickup))
    }

    /// For each collection that has an item which could serve such a hold one day, what applies to placing it.
    pub(crate) async fn servable(
        &self,
        title: &titles::Model,
        only_item: Option<i64>,
        only_branch: Option<i64>,
        pickup_branch: i64,
    ) -> Result<Vec<PlacingPolicy>, RegisterError> {
        let mut query = items::Entity::find()
            .filter(items::Column::TitleId.eq(title.id))
            .filter(items::Column::State.is_not_in(NEVER_SERVING.map(ItemState::code)));
        if let Some(item) = only_item {
            query = query.filter(items::Column::Id.eq(item));
        }
        if let Some(branch) = only_branch {
            query = query.filter(items::Column::HomeBranchId.eq(branch));
        }
        let found = query.all(self.transaction).await.map_err(StoreError::from)?;
        let collections: BTreeSet<_> = found.iter().map(|item| item.collection.as_str()).collect();
        Ok(collections.into_iter().map(|collection| self.placing(title, collection, pickup_branch)).collect())
    }

    /// What applies to placing a hold on items of this collection.
    pub(crate) fn placing(&self, title: &titles::Model, collection: &str, branch: i64) -> PlacingPolicy {
        let class = ItemClass { material: &title.material, collection };
        let (place, today) = (self.rulebook.place(branch), self.moment.today());
        self.rulebook.policies.placing(&place, self.party.patron.category, class, today)
    }

    /// The patron's holds that wait, travel or are ready.
    pub(crate) async fn open_holds(&self) -> Result<Vec<holds::Model>, RegisterError> {
        let open = [HoldState::Pending, HoldState::InTransit, HoldState::Ready].map(HoldState::code);
        let rows = holds::Entity::find()
            .filter(holds::Column::PatronId.eq(self.party.patron_id))
            .filter(holds::Column::State.is_in(open))
            .order_by_asc(holds::Column::Id)
            .all(self.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(rows)
    }

    /// The patron's hold with this id, whatever its state; none where it is somebody else's.
    pub(crate) async fn own_hold(&self, id: Uuid) -> Result<Option<holds::Model>, RegisterError> {
        let row = holds::Entity::find_by_id(id).one(self.transaction).await.map_err(StoreError::from)?;
        Ok(row.filter(|row| row.patron_id == self.party.patron_id))
    }

    /// Holds the item that is kept for a hold and the queue of its title, and gives the facts: after a hold of the
    /// patron is held this way, nothing else changes it.
    pub(crate) async fn lock_hold(&self, id: Uuid) -> Result<Facts, RegisterError> {
        lock_hold(self.transaction, &self.moment, id, None).await
    }
}

/// Holds the item that is kept for a hold and the queue of its title; gives the facts. `token_hash` is that of the session
/// of whoever would have the item, where it matters whether others wait for it.
pub(crate) async fn lock_hold(
    transaction: &DatabaseTransaction,
    moment: &Moment,
    id: Uuid,
    token_hash: Option<&[u8; 32]>,
) -> Result<Facts, RegisterError> {
    let key = locks::Key { hold_id: Some(id), queue: true, ..locks::Key::default() };
    let held = locks::take(transaction, Engine::of(transaction), &[key]).await?;
    let facts = facts_of(transaction, moment, &[id], token_hash).await?.pop();
    let facts = facts.ok_or(RegisterError::Internal("the facts of a hold are missing"))?;
    // Another item was kept for it meanwhile, or that went to another title: the unit of work tries again.
    if facts.item.as_ref().is_some_and(|item| !held.queue_of(item.id, item.title_id)) {
        return Err(StoreError::Conflict.into());
    }
    Ok(facts)
}

/// What circulation knows of these holds: each with its item and the queue of its title, in their order.
pub(crate) async fn facts_of(
    transaction: &DatabaseTransaction,
    moment: &Moment,
    holds: &[Uuid],
    token_hash: Option<&[u8; 32]>,
) -> Result<Vec<Facts>, RegisterError> {
    let key = |(ord, id): (i64, &Uuid)| circulation_facts::Key {
        token_hash: token_hash.map(|hash| Hex(hash.to_vec())),
        hold_id: Some(*id),
        wants_queue: true,
        ..circulation_facts::Key::blank(ord, moment.today())
    };
    let keys: Vec<_> = (0..).zip(holds).map(key).collect();
    let mut found = circulation_facts::load(transaction, Engine::of(transaction), &keys).await?;
    found.sort_unstable_by_key(|facts| facts.ord);
    Ok(found)
}
