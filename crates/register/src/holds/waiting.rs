//! Those who wait for a title, and whether they wait for anything.

use crate::RegisterError;
use chrono::NaiveDate;
use kortisto_domain::{
    HoldState, ItemState, PatronCategory,
    waiting::{NEVER_SERVING, Obstacle, Waiting, against_any},
};
use kortisto_store::{
    StoreError,
    entities::{holds, items, open_loans, patrons},
    queries::circulation_facts::Queued,
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Query, SimpleExpr},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// How many pending holds of a title no item of it can serve.
pub(crate) async fn without_item(connection: &impl ConnectionTrait, title: i64) -> Result<u64, StoreError> {
    let of_title = holds::Entity::find().filter(holds::Column::TitleId.eq(title));
    Ok(of_title.filter(nothing_serves()).count(connection).await?)
}

/// Whether a hold is pending and no item of its title can serve it.
pub(crate) async fn is_without_item(
    connection: &impl ConnectionTrait,
    hold: Uuid,
) -> Result<bool, StoreError> {
    Ok(holds::Entity::find_by_id(hold).filter(nothing_serves()).count(connection).await? > 0)
}

/// Whoever has an item of the title on loan.
pub(crate) async fn borrowers(
    connection: &impl ConnectionTrait,
    title: i64,
) -> Result<HashSet<i64>, StoreError> {
    let of_title = Query::select()
        .column(items::Column::Id)
        .from(items::Entity)
        .and_where(Expr::col(items::Column::TitleId).eq(title))
        .take();
    let loans = open_loans::Entity::find()
        .filter(open_loans::Column::ItemId.in_subquery(of_title))
        .all(connection)
        .await?;
    Ok(loans.into_iter().map(|loan| loan.patron_id).collect())
}

/// What keeps every item from a hold that waits, if something does. `borrowers` have an item of its title.
pub(crate) fn obstacle(hold: &holds::Model, today: NaiveDate, borrowers: &HashSet<i64>) -> Option<Obstacle> {
    let waiting = Waiting {
        frozen_until: hold.frozen_until,
        valid_until: hold.valid_until,
        only_item: hold.only_item_id.is_some(),
        has_item: borrowers.contains(&hold.patron_id),
    };
    against_any(&waiting, today)
}

/// Holds that wait as a turn reads them, in the order given.
pub(crate) async fn queued(
    connection: &impl ConnectionTrait,
    rows: &[holds::Model],
) -> Result<Vec<Queued>, RegisterError> {
    let holders = rows.iter().map(|row| row.patron_id);
    let found = patrons::Entity::find().filter(patrons::Column::Id.is_in(holders)).all(connection).await;
    let categories: HashMap<_, _> = found
        .map_err(StoreError::from)?
        .into_iter()
        .map(|patron| Ok((patron.id, PatronCategory::try_from(patron.category)?)))
        .collect::<Result<_, StoreError>>()?;
    let queued = |row: &holds::Model| {
        let category = categories.get(&row.patron_id).copied();
        Ok(Queued {
            id: row.id,
            patron_id: row.patron_id,
            category: category.ok_or(RegisterError::Internal("a hold has no patron"))?,
            pickup_branch_id: row.pickup_branch_id,
            only_item_id: row.only_item_id,
            only_branch_id: row.only_branch_id,
            card_id: row.card_id,
            pickup_stop_id: row.pickup_stop_id,
            pickup_locker_id: row.pickup_locker_id,
        })
    };
    rows.iter().map(queued).collect()
}

fn nothing_serves() -> Condition {
    let hold = |column| Expr::col((holds::Entity, column));
    let item = |column| Expr::col((items::Entity, column));
    let any = |column, equal: SimpleExpr| Condition::any().add(hold(column).is_null()).add(equal);
    let serves = Query::select()
        .expr(Expr::val(1))
        .from(items::Entity)
        .and_where(item(items::Column::TitleId).eq(hold(holds::Column::TitleId)))
        .and_where(item(items::Column::State).is_not_in(NEVER_SERVING.map(ItemState::code)))
        .cond_where(any(
            holds::Column::OnlyItemId,
            item(items::Column::Id).eq(hold(holds::Column::OnlyItemId)),
        ))
        .cond_where(any(
            holds::Column::OnlyBranchId,
            item(items::Column::HomeBranchId).eq(hold(holds::Column::OnlyBranchId)),
        ))
        .take();
    Condition::all().add(holds::Column::State.eq(HoldState::Pending.code())).add(Expr::exists(serves).not())
}
