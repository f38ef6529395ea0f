//! A postal address of a patron (A21, A22).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A postal address of a patron (A21, A22).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "addresses")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    pub kind: i16,
    pub street: String,
    pub postcode: String,
    pub post_office: String,
    pub country: String,
    pub mailing: bool,
    pub source: i16,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub recorded_at: DateTime<Utc>,
    pub recorded_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("addresses").field("id", &self.id).finish_non_exhaustive()
    }
}
