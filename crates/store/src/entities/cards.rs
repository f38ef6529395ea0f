//! A card (A26 to A30).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A card (A26 to A30).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "cards")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub number: String,
    pub patron_id: i64,
    pub state: i16,
    pub state_since: DateTime<Utc>,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub issuing_branch_id: i64,
    pub issued_on: Option<NaiveDate>,
    pub replaced_by_id: Option<i64>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("cards").field("id", &self.id).finish_non_exhaustive()
    }
}
