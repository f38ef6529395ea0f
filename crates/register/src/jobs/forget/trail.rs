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
        keyset,
    },
};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
    sea_query::{Expr, ExprTrait as _},
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
    let loans = audit::Column::LoanId.is_in(loans.iter().copied());
    forget_where(transaction, audit::Column::LoanId, |row| row.loan_id, loans).await
}

/// Forgets what the trail says of these holds; what it says of a loan that one became goes with the loan.
pub(super) async fn of_holds(
    transaction: &DatabaseTransaction,
    holds: impl IntoIterator<Item = Uuid>,
) -> Result<(), RegisterError> {
    let holds = audit::Column::HoldId.is_in(holds).and(audit::Column::LoanId.is_null());
    forget_where(transaction, audit::Column::HoldId, |row| row.hold_id, holds).await
}

/// In the order of what the rows name. In that of the rows, a planner that expects many may read the whole trail until it has
/// found enough.
async fn forget_where(
    transaction: &DatabaseTransaction,
    named: audit::Column,
    name_of: impl Fn(&audit::Model) -> Option<Uuid>,
    which: Expr,
) -> Result<(), RegisterError> {
    let mut after = None;
    loop {
        let mut query = audit::Entity::find()
            .filter(which.clone())
            .order_by_asc(named)
            .order_by_asc(audit::Column::Id)
            .limit(ROWS_AT_ONCE);
        if let Some((name, row)) = after {
            query = query.filter(keyset::behind((named, name), (audit::Column::Id, row)));
        }
        let rows = query.all(transaction).await.map_err(StoreError::from)?;
        forget(transaction, &rows).await?;
        match rows.last() {
            Some(last) if rows.len() as u64 >= ROWS_AT_ONCE => {
                after = name_of(last).map(|name| (name, last.id));
            }
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
