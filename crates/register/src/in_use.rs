//! What a branch keeps while something on record names it, whether a desk or a file would take it away.

use kortisto_store::{
    StoreError,
    entities::{holds, stops},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _,
};

/// Why a branch stays a bookmobile.
pub(crate) const BOOKMOBILE: &str = "a bookmobile that has stops stays one";

/// Why a locker stays.
pub(crate) const LOCKER: &str = "a locker stays while holds on record name it";

/// Whether a branch has stops.
pub(crate) async fn has_stops(connection: &impl ConnectionTrait, branch: i64) -> Result<bool, StoreError> {
    Ok(stops::Entity::find().filter(stops::Column::BranchId.eq(branch)).count(connection).await? > 0)
}

/// Those of these lockers that holds of any state name. No index leads to them: all holds are read once, and none where
/// there are no lockers.
pub(crate) async fn named_by_holds(
    connection: &impl ConnectionTrait,
    lockers: impl IntoIterator<Item = i64>,
) -> Result<Vec<i64>, StoreError> {
    let lockers: Vec<_> = lockers.into_iter().collect();
    if lockers.is_empty() {
        return Ok(Vec::new());
    }
    let named = holds::Entity::find()
        .select_only()
        .column(holds::Column::PickupLockerId)
        .distinct()
        .filter(holds::Column::PickupLockerId.is_in(lockers))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(named)
}
