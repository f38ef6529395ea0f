//! Holds at a desk (A67, A75, A76): queues and shelves, and holds of patrons who ask for help.

mod cancel;
mod change;
mod explain;
mod list;
mod list_pull_items;
mod list_queue;
mod list_shelf;
mod place;

pub use cancel::CancelHoldForPatron;
pub use change::ChangeHoldForPatron;
pub use explain::{ExplainHold, HoldEvent, HoldExplained, InFront};
pub use list::ListPatronHolds;
pub use list_pull_items::{ListPullItems, PullItem, PullPage};
pub use list_queue::{ListQueue, QueueEntry};
pub use list_shelf::{ListShelf, ShelfItem, ShelfPart};
pub use place::PlaceHoldForPatron;

use super::StaffDesk;
use crate::{HoldAnswer, HoldTarget, RegisterError, Rulebook, holds::holder::Holder};
use kortisto_domain::CardState;
use kortisto_store::{
    Engine, StoreError,
    entities::{cards, holds, items, patrons, titles},
    queries::{
        changes::{self, Changes},
        circulation_facts,
        party::Party,
    },
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// A patron whose row is held, by the newest card in force, or the newest one at all.
struct Served {
    patron: patrons::Model,
    party: Party,
    rulebook: Arc<Rulebook>,
}

impl Served {
    async fn load(desk: &StaffDesk<'_>, patron: patrons::Model) -> Result<Self, RegisterError> {
        let all = cards::Entity::find()
            .filter(cards::Column::PatronId.eq(patron.id))
            .order_by_desc(cards::Column::Id)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let in_force = all.iter().find(|card| card.state == CardState::Active.code());
        let card = in_force.or_else(|| all.first()).ok_or(RegisterError::NotFound { what: "card" })?;
        let key = circulation_facts::Key {
            card: Some(card.number.clone()),
            ..circulation_facts::Key::blank(0, desk.moment.today())
        };
        let engine = Engine::of(desk.transaction);
        let facts = circulation_facts::load(desk.transaction, engine, &[key]).await?.pop();
        let party = facts.and_then(|facts| facts.party);
        let party = party.ok_or(RegisterError::Internal("the facts of a card are missing"))?;
        Ok(Self { patron, party, rulebook: desk.rulebook().await? })
    }

    fn holder<'a>(&'a self, desk: &'a StaffDesk<'_>) -> Holder<'a> {
        Holder {
            register: desk.register,
            transaction: desk.transaction,
            moment: desk.moment,
            rulebook: &self.rulebook,
            party: &self.party,
            branch: desk.device.branch_id,
            device: desk.device.id,
            author: desk.author(),
        }
    }
}

/// The hold with this id, and its patron, whose row is held.
async fn hold_and_patron(desk: &StaffDesk<'_>, id: Uuid) -> Result<patrons::Model, RegisterError> {
    desk.lock_patron_by_id(hold(desk, id).await?.patron_id).await
}

async fn hold(desk: &StaffDesk<'_>, id: Uuid) -> Result<holds::Model, RegisterError> {
    let row = holds::Entity::find_by_id(id).one(desk.transaction).await.map_err(StoreError::from)?;
    row.ok_or(RegisterError::NotFound { what: "hold" })
}

/// Writes what a change to holds brought about beside their rows.
async fn write(desk: &StaffDesk<'_>, changes: Changes) -> Result<(), RegisterError> {
    let (at, today) = (desk.moment.at(), desk.moment.today());
    Ok(changes::apply(desk.transaction, Engine::of(desk.transaction), changes, at, today).await?)
}

/// What staff are told of a decision: in the language of the patron, who stands beside them.
fn answer(
    served: &Served,
    decision: kortisto_domain::Decision,
    hold: Option<crate::HoldDetails>,
) -> HoldAnswer {
    HoldAnswer { decision, language: Some(served.party.language.clone()), hold }
}

/// The title that is named.
async fn title(desk: &StaffDesk<'_>, of: &HoldTarget) -> Result<titles::Model, RegisterError> {
    let title = match of {
        HoldTarget::Title(number) => {
            titles::Entity::find().filter(titles::Column::Number.eq(number)).one(desk.transaction).await
        }
        HoldTarget::Item(barcode) => {
            let item = desk.item(barcode).await?;
            titles::Entity::find_by_id(item.title_id).one(desk.transaction).await
        }
    };
    title.map_err(StoreError::from)?.ok_or(RegisterError::NotFound { what: "title" })
}

/// The barcodes of items, by their keys.
async fn barcodes(
    desk: &StaffDesk<'_>,
    keys: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>, RegisterError> {
    let found = items::Entity::find().filter(items::Column::Id.is_in(keys)).all(desk.transaction).await;
    Ok(found.map_err(StoreError::from)?.into_iter().map(|item| (item.id, item.barcode)).collect())
}
