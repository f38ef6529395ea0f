//! The wards in whose place a patron acts (A53).

use crate::{RegisterError, staff::relations::bond};
use chrono::NaiveDate;
use kortisto_domain::{RelationKind, care};
use kortisto_store::{
    StoreError,
    entities::{patrons, relations},
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use std::collections::HashMap;

/// A ward in whose place somebody acts today.
pub(crate) struct InCare {
    /// The key of the relation.
    pub(crate) relation_id: i64,
    /// The ward.
    pub(crate) ward: patrons::Model,
    /// The first day on which nobody acts by this relation any more.
    pub(crate) until: NaiveDate,
}

/// The wards in whose place a patron acts on the day `today`, in the order of their relations.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(crate) async fn in_care(
    transaction: &DatabaseTransaction,
    guardian_id: i64,
    guardian_end_age: u8,
    today: NaiveDate,
) -> Result<Vec<InCare>, RegisterError> {
    let relations = relations::Entity::find()
        .filter(relations::Column::OtherId.eq(guardian_id))
        .filter(relations::Column::Kind.eq(RelationKind::Guardian.code()))
        .filter(relations::Column::EndedAt.is_null())
        .order_by_asc(relations::Column::Id)
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let found = patrons::Entity::find()
        .filter(patrons::Column::Id.is_in(relations.iter().map(|relation| relation.ward_id)))
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let wards: HashMap<i64, patrons::Model> = found.into_iter().map(|ward| (ward.id, ward)).collect();
    let mut in_care = Vec::new();
    for relation in relations {
        let Some(ward) = wards.get(&relation.ward_id) else { continue };
        if let Some(until) = care::acts_until(&bond(&relation, ward.birth_date)?, guardian_end_age, today) {
            in_care.push(InCare { relation_id: relation.id, ward: ward.clone(), until });
        }
    }
    Ok(in_care)
}
