//! Those who wait for a title, and whether they wait for anything.

use kortisto_domain::{HoldState, ItemState, PatronCategory};
use kortisto_store::{
    StoreError,
    entities::{holds, items, open_loans, patrons},
};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Query, SimpleExpr},
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Items in these states serve no hold, unless staff say something else of them.
pub(crate) const NEVER: [ItemState; 3] = [ItemState::NotForLoan, ItemState::Lost, ItemState::Withdrawn];

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

/// The categories of these patrons.
pub(crate) async fn categories(
    connection: &impl ConnectionTrait,
    holders: impl IntoIterator<Item = i64>,
) -> Result<HashMap<i64, PatronCategory>, StoreError> {
    let found = patrons::Entity::find().filter(patrons::Column::Id.is_in(holders)).all(connection).await?;
    found.into_iter().map(|patron| Ok((patron.id, PatronCategory::try_from(patron.category)?))).collect()
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

fn nothing_serves() -> Condition {
    let hold = |column| Expr::col((holds::Entity, column));
    let item = |column| Expr::col((items::Entity, column));
    let any = |column, equal: SimpleExpr| Condition::any().add(hold(column).is_null()).add(equal);
    let serves = Query::select()
        .expr(Expr::val(1))
        .from(items::Entity)
        .and_where(item(items::Column::TitleId).eq(hold(holds::Column::TitleId)))
        .and_where(item(items::Column::State).is_not_in(NEVER.map(ItemState::code)))
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
