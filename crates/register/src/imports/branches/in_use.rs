//! What a file may not take from a branch, since something on record goes on naming it.

use super::ParsedBranch;
use crate::{
    imports::{RowFault, kind::Work},
    in_use,
};
use kortisto_domain::BranchKind;
use kortisto_store::{
    StoreError,
    entities::{branches, resources},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// The faults of a row that would take a bookmobile from its stops or a locker from holds.
pub(super) async fn faults(
    work: &Work<'_>,
    line: u64,
    there: &branches::Model,
    row: &ParsedBranch,
) -> Result<Vec<RowFault>, StoreError> {
    let mut faults = Vec::new();
    if let Some(kind) = row.kind.filter(|kind| *kind != BranchKind::Bookmobile)
        && in_use::has_stops(work.transaction, there.id).await?
    {
        faults.push(RowFault {
            line,
            column: "kind",
            value: Some(kind.word().to_owned()),
            reason: in_use::BOOKMOBILE.to_owned(),
            right: "bookmobile, or nothing".to_owned(),
        });
    }
    let Some(wanted) = &row.resources else { return Ok(faults) };
    let named = named_by_holds(work, there.id, |code| !wanted.iter().any(|spec| spec.code == code)).await?;
    faults.extend(named.iter().map(|code| RowFault {
        line,
        column: "resources",
        value: Some(RowFault::shown(code)),
        reason: in_use::LOCKER.to_owned(),
        right: "a list that has this locker".to_owned(),
    }));
    Ok(faults)
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
    let named = in_use::named_by_holds(work.transaction, gone.iter().map(|resource| resource.id)).await?;
    gone.retain(|resource| named.contains(&resource.id));
    Ok(gone.into_iter().map(|resource| resource.code).collect())
}
