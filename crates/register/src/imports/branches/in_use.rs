//! What a file may not take from a branch, since something on record goes on naming it.

use super::ParsedBranch;
use crate::imports::{RowFault, kind::Work};
use kortisto_domain::BranchKind;
use kortisto_store::{
    StoreError,
    entities::{branches, holds, resources, stops},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _};

/// The faults of a row that would take a bookmobile from its stops or a locker from holds.
pub(super) async fn faults(
    work: &Work<'_>,
    line: u64,
    there: &branches::Model,
    row: &ParsedBranch,
) -> Result<Vec<RowFault>, StoreError> {
    let mut faults = Vec::new();
    if let Some(kind) = row.kind.filter(|kind| *kind != BranchKind::Bookmobile)
        && has_stops(work, there.id).await?
    {
        faults.push(RowFault {
            line,
            column: "kind",
            value: Some(kind.word().to_owned()),
            reason: "a bookmobile that has stops stays one".to_owned(),
            right: "bookmobile, or nothing".to_owned(),
        });
    }
    let Some(wanted) = &row.resources else { return Ok(faults) };
    let named = named_by_holds(work, there.id, |code| !wanted.iter().any(|spec| spec.code == code)).await?;
    faults.extend(named.iter().map(|code| RowFault {
        line,
        column: "resources",
        value: Some(RowFault::shown(code)),
        reason: "a locker stays while holds on record name it".to_owned(),
        right: "a list that has this locker".to_owned(),
    }));
    Ok(faults)
}

async fn has_stops(work: &Work<'_>, branch: i64) -> Result<bool, StoreError> {
    let stops = stops::Entity::find().filter(stops::Column::BranchId.eq(branch));
    Ok(stops.count(work.transaction).await? > 0)
}

/// The codes of those resources of a branch that would go, `goes` says which, and that holds of any state name.
async fn named_by_holds(
    work: &Work<'_>,
    branch: i64,
    goes: impl Fn(&str) -> bool,
) -> Result<Vec<String>, StoreError> {
    let there = resources::Entity::find().filter(resources::Column::BranchId.eq(branch));
    let mut gone = there.all(work.transaction).await?;
    gone.retain(|resource| goes(&resource.code));
    // No index leads to them: holds are read once, and only where something goes.
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<i64> = holds::Entity::find()
        .select_only()
        .column(holds::Column::PickupLockerId)
        .distinct()
        .filter(holds::Column::PickupLockerId.is_in(gone.iter().map(|resource| resource.id)))
        .into_tuple()
        .all(work.transaction)
        .await?;
    gone.retain(|resource| named.contains(&resource.id));
    Ok(gone.into_iter().map(|resource| resource.code).collect())
}
