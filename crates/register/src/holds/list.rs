//! `HoldService.ListHolds`: what the patron of a session waits for.

use super::details::{HoldDetails, details};
use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
};
use kortisto_domain::{Decision, DeviceKind, HoldState, Reason, authenticate};
use kortisto_store::entities::holds;
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _,
};
use tokio::time::Instant;
use uuid::Uuid;

/// Holds that are read for one patron at most; policies allow fewer.
const HOLDS_READ_MAX: u64 = 1000;

/// Whose holds, and which page.
#[derive(Debug, Clone)]
pub struct ListHolds {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The last hold of the page before.
    pub after: Option<HoldPlace>,
}

/// A hold's place in the list: ready ones first, then by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldPlace {
    /// Whether it still waits.
    pub pending: bool,
    /// Microseconds since the epoch at which it was placed.
    pub placed_at_us: i64,
    /// Its key.
    pub id: Uuid,
}

/// A page of holds.
#[derive(Debug, Clone)]
pub struct HoldList {
    /// Refused when the session is over.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// The holds of this page.
    pub holds: Vec<HoldDetails>,
    /// Where the next page begins; none on the last.
    pub next: Option<HoldPlace>,
}

impl Register {
    /// Lists the holds of the patron of a session. A locker sees the ready ones of its own branch, without
    /// those that lie in another locker.
    ///
    /// # Errors
    /// [`RegisterError`]; a session that is over is a refusal in the answer.
    pub async fn list_holds(
        self: &std::sync::Arc<Self>,
        ask: ListHolds,
        deadline: Instant,
    ) -> Result<HoldList, RegisterError> {
        let register = std::sync::Arc::clone(self);
        self.store
            .unit_of_work("list_holds", deadline, move |transaction| {
                let (register, ask) = (std::sync::Arc::clone(&register), ask.clone());
                Box::pin(async move { list(&register, &ask, transaction).await })
            })
            .await
    }
}

async fn list(
    register: &Register,
    ask: &ListHolds,
    transaction: &DatabaseTransaction,
) -> Result<HoldList, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, Some(&ask.token_hash), None).await?;
    let device = asking.admit(Rpc::ListHolds)?;
    let Some(party) = asking.party_of_running_session() else {
        let decision = Decision::refused(Reason::SessionEnded);
        record(register, transaction, &asking, "list_holds", &decision, None).await?;
        return Ok(HoldList { decision, language: None, holds: Vec::new(), next: None });
    };
    // A card that was blocked or reported lost since ends what its session may see.
    let standing =
        authenticate::decide(&party.card, &party.patron, device.kind, device.branch_id, &asking.moment);
    if !standing.is_granted() {
        record(register, transaction, &asking, "list_holds", &standing, Some(party.pseudonym)).await?;
        let language = Some(party.language.clone());
        return Ok(HoldList { decision: standing, language, holds: Vec::new(), next: None });
    }
    let mut query = holds::Entity::find().filter(holds::Column::PatronId.eq(party.patron_id));
    query = if device.kind == DeviceKind::Locker {
        let own = Condition::any()
            .add(holds::Column::CompartmentDeviceId.is_null())
            .add(holds::Column::CompartmentDeviceId.eq(device.id));
        query
            .filter(holds::Column::State.eq(HoldState::Ready.code()))
            .filter(holds::Column::PickupBranchId.eq(device.branch_id))
            .filter(own)
    } else {
        query.filter(
            holds::Column::State
                .is_in([HoldState::Pending, HoldState::InTransit, HoldState::Ready].map(HoldState::code)),
        )
    };
    let mut rows = query.limit(HOLDS_READ_MAX).all(transaction).await.map_err(store_error)?;
    rows.sort_unstable_by_key(place);
    let rest = rows.into_iter().filter(|row| ask.after.is_none_or(|after| place(row) > after));
    let mut page: Vec<_> = rest.take(ask.page_size + 1).collect();
    let more = page.len() > ask.page_size;
    page.truncate(ask.page_size);
    let next = page.last().filter(|_| more).map(place);
    let rulebook = register.rulebook_in(transaction).await?;
    let found = details(transaction, &rulebook, page).await?;
    let decision = Decision::granted();
    record(register, transaction, &asking, "list_holds", &decision, Some(party.pseudonym)).await?;
    Ok(HoldList { decision, language: Some(party.language.clone()), holds: found, next })
}

fn place(row: &holds::Model) -> HoldPlace {
    HoldPlace {
        pending: row.state != HoldState::Ready.code(),
        placed_at_us: row.placed_at.timestamp_micros(),
        id: row.id,
    }
}

fn store_error(error: sea_orm::DbErr) -> RegisterError {
    kortisto_store::StoreError::from(error).into()
}
