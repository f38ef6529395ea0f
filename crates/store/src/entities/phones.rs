//! A phone number of a patron (A23).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A phone number of a patron (A23).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "phones")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    pub number: String,
    pub sms: bool,
    pub source: i16,
    pub recorded_at: DateTime<Utc>,
    pub recorded_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("phones").field("id", &self.id).finish_non_exhaustive()
    }
}
