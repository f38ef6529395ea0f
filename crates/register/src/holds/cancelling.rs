//! Cancelling a hold that waits, travels or is ready. What becomes of its item is `release.rs`'s to say.

use super::{holder::Holder, ready::HoldShelf, release::release};
use crate::RegisterError;
use kortisto_domain::{
    Decision, HoldState, Reason,
    reserve_pickup::{self, Reserved},
};
use kortisto_store::{
    StoreError,
    entities::holds,
    queries::{
        changes::{Changes, HoldRow},
        dialect::At,
    },
};
use sea_orm::{DatabaseTransaction, EntityTrait as _, ExprTrait as _, QueryFilter as _, sea_query::Expr};
use uuid::Uuid;

/// What a cancelled hold left behind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cancelled {
    /// How it stood before.
    pub(crate) was: HoldState,
    /// The item that was kept for it.
    pub(crate) item: Option<i64>,
}

impl Holder<'_> {
    /// Cancels a hold of the patron, or says why not: `HoldUnknown`, `HoldReserved`, `HoldNotChangeable`.
    pub(crate) async fn cancel(
        &self,
        id: Uuid,
        changes: &mut Changes,
    ) -> Result<(Decision, Option<Cancelled>), RegisterError> {
        let facts = self.lock_hold(id).await?;
        let Some(row) = self.own_hold(id).await? else {
            return Ok((Decision::refused(Reason::HoldUnknown), None));
        };
        let was = HoldState::try_from(row.state).map_err(StoreError::from)?;
        if matches!(was, HoldState::Fulfilled | HoldState::Cancelled | HoldState::Lapsed) {
            return Ok((Decision::refused(Reason::HoldNotChangeable), None));
        }
        let reserved = Reserved { state: was, by: row.reserved_device_id.zip(row.reserved_until) };
        if let Some(reason) = reserve_pickup::reserve(&reserved, self.device, &self.moment) {
            return Ok((Decision::refused(reason), None));
        }
        let item = facts.item.as_ref().map(|item| item.id);
        if let Some(item) = &facts.item {
            let shelf = HoldShelf {
                branch: item.at_branch_id,
                rulebook: self.rulebook,
                surroundings: &self.register.surroundings,
                moment: &self.moment,
            };
            release(&shelf, changes, item, &facts.queue, row.compartment.is_some());
        }
        changes.holds.insert(id, HoldRow::new(id, HoldState::Cancelled, At(self.moment.at())));
        note_author(self.transaction, &[id], &self.author).await?;
        Ok((Decision::granted(), Some(Cancelled { was, item })))
    }
}

/// Keeps who has closed these holds.
pub(crate) async fn note_author(
    transaction: &DatabaseTransaction,
    holds: &[Uuid],
    author: &str,
) -> Result<(), RegisterError> {
    holds::Entity::update_many()
        .col_expr(holds::Column::ClosedBy, Expr::value(author))
        .filter(Expr::col(holds::Column::Id).is_in(holds.iter().copied()))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}
