//! `HoldService.StockCompartment`: an item has been put into a locker for its hold. Nobody is signed in; the locker is
//! the one that says so.

use super::{holder::lock_hold, ready::HoldShelf};
use crate::{
    Caller, Register, RegisterError, Rpc, audit::About, desk::turn::request_hash,
    devices::outside_lane::Asking, notices::cause,
};
use chrono::NaiveDate;
use kortisto_domain::{Decision, HoldState, ItemState, Reason, reserve_pickup};
use kortisto_store::{
    Engine, StoreError,
    entities::holds,
    queries::{
        changes::{self, Changes, ItemRow, RememberedRow},
        dialect::{At, Hex},
        party::Device,
    },
};
use sea_orm::{DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, sea_query::Expr};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Longest name of a compartment, in characters.
pub const COMPARTMENT_CHARS_MAX: usize = 16;

/// What lies where.
#[derive(Debug, Clone)]
pub struct StockCompartment {
    /// The locker.
    pub caller: Caller,
    /// Its id for this request.
    pub request_id: Uuid,
    /// The hold.
    pub hold: Uuid,
    /// The compartment, 1 to [`COMPARTMENT_CHARS_MAX`] characters.
    pub compartment: String,
}

/// Under which number, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stocked {
    /// The verdict.
    pub decision: Decision,
    /// The number of the hold; none on a refusal.
    pub pickup_number: Option<String>,
    /// Its last day.
    pub pickup_until: Option<NaiveDate>,
}

impl Register {
    /// Keeps in which compartment the item of a hold lies, and makes the hold ready there.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn stock_compartment(
        self: &Arc<Self>,
        ask: StockCompartment,
        deadline: Instant,
    ) -> Result<Stocked, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("stock_compartment", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move { stock(&register, &ask, transaction).await })
            })
            .await
    }
}

async fn stock(
    register: &Register,
    ask: &StockCompartment,
    transaction: &DatabaseTransaction,
) -> Result<Stocked, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, None, Some(ask.request_id)).await?;
    let device = asking.admit(Rpc::StockCompartment)?.clone();
    let hash = request_hash(Rpc::StockCompartment, &[ask.hold.as_bytes(), ask.compartment.as_bytes()]);
    if let Some(answer) = asking.remembered(&hash)? {
        return serde_json::from_str(answer)
            .map_err(|_| RegisterError::Internal("a remembered answer cannot be read"));
    }
    let (at, today) = (asking.moment.at(), asking.moment.today());
    let mut changes = Changes::default();
    let (answer, about) = put_in(register, ask, &asking, &device, transaction, &mut changes).await?;
    changes.remembered.push(RememberedRow {
        device_id: device.id,
        request_id: ask.request_id,
        request_hash: Hex(hash),
        answer: serde_json::to_string(&answer)
            .map_err(|_| RegisterError::Internal("an answer cannot be kept"))?,
        at: At(at),
    });
    asking.note(register, &mut changes, "stock_compartment", &answer.decision, about)?;
    changes::apply(transaction, Engine::of(transaction), changes, at, today).await?;
    if answer.decision.is_granted() {
        empty(transaction, &device, &ask.compartment, ask.hold).await?;
        holds::Entity::update_many()
            .col_expr(holds::Column::Compartment, Expr::value(ask.compartment.clone()))
            .col_expr(holds::Column::CompartmentDeviceId, Expr::value(device.id))
            .filter(Expr::col(holds::Column::Id).eq(ask.hold))
            .exec(transaction)
            .await
            .map_err(StoreError::from)?;
    }
    Ok(answer)
}

/// What was put into a compartment last is what lies there: whatever was there before has been taken out.
async fn empty(
    transaction: &DatabaseTransaction,
    device: &Device,
    compartment: &str,
    but: Uuid,
) -> Result<(), StoreError> {
    holds::Entity::update_many()
        .col_expr(holds::Column::Compartment, Expr::value(None::<String>))
        .col_expr(holds::Column::CompartmentDeviceId, Expr::value(None::<i64>))
        .filter(Expr::col(holds::Column::CompartmentDeviceId).eq(device.id))
        .filter(Expr::col(holds::Column::Compartment).eq(compartment))
        .filter(Expr::col(holds::Column::Id).ne(but))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn put_in(
    register: &Register,
    ask: &StockCompartment,
    asking: &Asking,
    device: &Device,
    transaction: &DatabaseTransaction,
    changes: &mut Changes,
) -> Result<(Stocked, About), RegisterError> {
    let facts = lock_hold(transaction, &asking.moment, ask.hold, None).await?;
    let mut about = About { request: Some(ask.request_id), ..About::default() };
    let refused =
        |reason| Stocked { decision: Decision::refused(reason), pickup_number: None, pickup_until: None };
    let Some(hold) = facts.hold else { return Ok((refused(Reason::HoldUnknown), about)) };
    about.hold = Some(hold.id);
    let kept = matches!(hold.state, HoldState::InTransit | HoldState::Ready);
    let (Some(item), true) = (facts.item, kept) else {
        return Ok((refused(Reason::HoldNotReady), about));
    };
    about.item = Some(item.id);
    if hold.pickup_branch_id != device.branch_id {
        return Ok((refused(Reason::HoldAtOtherBranch), about));
    }
    let reserved = super::compartment::reserved(&hold);
    if let Some(reason) = reserve_pickup::reserve(&reserved, device.id, &asking.moment) {
        return Ok((refused(reason), about));
    }
    let row = holds::Entity::find_by_id(hold.id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::Internal("a hold has no row"))?;
    let (mut pickup_number, mut pickup_until) = (row.pickup_number, row.pickup_until);
    // Its holder has been told a day and a number if it was ready before, and they stay.
    if hold.state == HoldState::InTransit {
        let rulebook = register.rulebook_in(transaction).await?;
        let shelf = HoldShelf {
            branch: device.branch_id,
            rulebook: &rulebook,
            surroundings: &register.surroundings,
            moment: &asking.moment,
        };
        let ready = shelf.receive(changes, hold.id, hold.patron_id, item.id);
        pickup_number.clone_from(&ready.pickup_number);
        pickup_until = ready.pickup_until;
        let arrived = ItemRow {
            id: item.id,
            state: ItemState::OnHoldShelf.code(),
            at_branch_id: device.branch_id,
            kept_for_hold_id: Some(hold.id),
        };
        changes.items.insert(item.id, arrived);
    }
    // Its holder was told of the shelf; whoever wished the locker is told when it lies there.
    let told_shelf = hold.state == HoldState::Ready && row.compartment.is_none();
    if let (true, Some(_), Some(ready_at)) = (told_shelf, row.pickup_locker_id, row.ready_at) {
        let at = asking.moment.at();
        let id = register.surroundings.new_id(at);
        changes.notice_lines.push(cause::stocked(id, hold.patron_id, hold.id, ready_at, at));
    }
    Ok((Stocked { decision: Decision::granted(), pickup_number, pickup_until }, about))
}
