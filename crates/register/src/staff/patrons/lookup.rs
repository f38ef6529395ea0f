//! What the details of a patron refer to: branches, categories, municipalities.

use crate::{RegisterError, staff::StaffDesk};
use kortisto_store::{
    StoreError,
    entities::{branches, identity_codes, municipality_codes, patron_categories},
};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
};

/// The key of a branch.
pub(super) async fn branch(
    desk: &StaffDesk<'_>,
    field: &'static str,
    code: &str,
) -> Result<i64, RegisterError> {
    let found = branches::Entity::find()
        .filter(branches::Column::Code.eq(code))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let fault =
        || RegisterError::FieldInvalid { field, rule: "the code of a branch of the register".to_owned() };
    found.map(|branch| branch.id).ok_or_else(fault)
}

/// A category of the consortium's own list (A42).
pub(super) async fn category(
    desk: &StaffDesk<'_>,
    code: &str,
) -> Result<Option<patron_categories::Model>, RegisterError> {
    Ok(patron_categories::Entity::find_by_id(code).one(desk.transaction).await.map_err(StoreError::from)?)
}

/// Refuses the code of a municipality that is not in force today. A register into which nobody has put the codes
/// yet takes every one.
pub(super) async fn check_municipality(desk: &StaffDesk<'_>, code: &str) -> Result<(), RegisterError> {
    let today = desk.moment.today();
    let anything =
        municipality_codes::Entity::find().one(desk.transaction).await.map_err(StoreError::from)?;
    if anything.is_none() {
        return Ok(());
    }
    let open_ended = municipality_codes::Column::ValidUntil.is_null();
    let known = municipality_codes::Entity::find()
        .filter(municipality_codes::Column::Code.eq(code))
        .filter(municipality_codes::Column::ValidFrom.lte(today))
        .filter(Condition::any().add(open_ended).add(municipality_codes::Column::ValidUntil.gte(today)))
        .one(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    match known {
        Some(_) => Ok(()),
        None => Err(RegisterError::FieldInvalid {
            field: "home_municipality",
            rule: "the code of a municipality that is in force today".to_owned(),
        }),
    }
}

/// Whether an identity code is kept for the patron, from which the birth date follows.
pub(super) async fn has_identity_code(desk: &StaffDesk<'_>, patron_id: i64) -> Result<bool, RegisterError> {
    let codes = identity_codes::Entity::find()
        .select_only()
        .column(identity_codes::Column::Id)
        .filter(identity_codes::Column::PatronId.eq(patron_id))
        .filter(identity_codes::Column::SupersededAt.is_null())
        .count(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(codes > 0)
}
