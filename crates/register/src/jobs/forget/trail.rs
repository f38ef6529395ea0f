//! Forgets what the audit trail says of items: who had which one may be known as long as the trace of the item lasts
//! (A77), in the trail as anywhere else. That somebody borrowed something, when and where, stays.

use super::{
    super::{Batched, JobReport, Work},
    undone,
};
use crate::{
    RegisterError,
    audit::{first_id_at, named_hash},
};
use kortisto_domain::history;
use kortisto_store::{
    StoreError,
    entities::audit,
    queries::{
        dialect::Hex,
        forget_named::{self, Forgotten},
    },
};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

/// Rows that are read and forgotten at once.
const ROWS_AT_ONCE: u64 = 1_000;

/// The job: rows that name an item, but neither a loan nor a hold with whose trace they would go, which are refusals and
/// returns of items that nobody had; then those of loans that were undone.
pub(crate) struct ForgetItemsInTrail;

/// The last row that was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// Of those that name an item alone.
    Items(Uuid),
    /// Of those that undid a loan.
    Undone(Uuid),
}

impl Batched for ForgetItemsInTrail {
    const NAME: &'static str = "forget_items_in_trail";

    type Place = Place;

    fn first() -> Place {
        Place::Items(Uuid::nil())
    }

    async fn batch(work: &Work<'_>, place: Place) -> Result<(JobReport, Option<Place>), RegisterError> {
        let moment = work.register.surroundings.moment();
        let rulebook = work.register.rulebook_in(work.transaction).await?;
        let days = rulebook.policies.retention(moment.today()).item_trace_days;
        let before = moment.start_of(history::traced_from(days, moment.today()));
        // Ids begin with their time.
        let before = first_id_at(before);
        match place {
            Place::Items(after) => {
                let (report, next) = items_alone(work, before, after).await?;
                Ok((report, Some(next.map_or(Place::Undone(Uuid::nil()), Place::Items))))
            }
            Place::Undone(after) => {
                let (report, next) = undone::batch(work, before, after).await?;
                Ok((report, next.map(Place::Undone)))
            }
        }
    }
}

async fn items_alone(
    work: &Work<'_>,
    before: Uuid,
    after: Uuid,
) -> Result<(JobReport, Option<Uuid>), RegisterError> {
    let rows = audit::Entity::find()
        .filter(audit::Column::Id.gt(after))
        .filter(audit::Column::Id.lt(before))
        .filter(audit::Column::ItemId.is_not_null())
        .filter(audit::Column::LoanId.is_null())
        .filter(audit::Column::HoldId.is_null())
        .order_by_asc(audit::Column::Id)
        .limit(work.rows)
        .all(work.transaction)
        .await
        .map_err(StoreError::from)?;
    let next = rows.last().filter(|_| rows.len() as u64 >= work.rows).map(|row| row.id);
    let report = JobReport::of([("forgotten_in_trail", rows.len() as u64)]);
    if !work.dry_run {
        forget(work.transaction, &rows).await?;
    }
    Ok((report, next))
}

/// Forgets what the trail says of these loans.
pub(super) async fn of_loans(transaction: &DatabaseTransaction, loans: &[Uuid]) -> Result<(), RegisterError> {
    forget_where(transaction, Condition::all().add(audit::Column::LoanId.is_in(loans.iter().copied()))).await
}

/// Forgets what the trail says of these holds; what it says of a loan that one became goes with the loan.
pub(super) async fn of_holds(
    transaction: &DatabaseTransaction,
    holds: impl IntoIterator<Item = Uuid>,
) -> Result<(), RegisterError> {
    let of_holds =
        Condition::all().add(audit::Column::HoldId.is_in(holds)).add(audit::Column::LoanId.is_null());
    forget_where(transaction, of_holds).await
}

async fn forget_where(transaction: &DatabaseTransaction, which: Condition) -> Result<(), RegisterError> {
    let mut after = Uuid::nil();
    loop {
        let rows = audit::Entity::find()
            .filter(which.clone())
            .filter(audit::Column::Id.gt(after))
            .order_by_asc(audit::Column::Id)
            .limit(ROWS_AT_ONCE)
            .all(transaction)
            .await
            .map_err(StoreError::from)?;
        forget(transaction, &rows).await?;
        match rows.last() {
            Some(last) if rows.len() as u64 >= ROWS_AT_ONCE => after = last.id,
            _ => return Ok(()),
        }
    }
}

async fn forget(transaction: &DatabaseTransaction, rows: &[audit::Model]) -> Result<(), RegisterError> {
    let forgotten: Vec<Forgotten> = rows
        .iter()
        .filter_map(|row| named_hash(row).map(|hash| Forgotten { id: row.id, named_hash: Hex(hash) }))
        .collect();
    Ok(forget_named::forget(transaction, &forgotten).await?)
}
