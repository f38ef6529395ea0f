//! A message to a patron or a note among staff (A62, A63).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A message to a patron or a note among staff (A62, A63).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    pub audience: i16,
    pub kind: i16,
    pub body: String,
    pub branch_id: Option<i64>,
    pub written_at: DateTime<Utc>,
    pub written_by: String,
    pub expires_at: Option<DateTime<Utc>>,
    pub removed_at: Option<DateTime<Utc>>,
    pub removed_by: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("messages").field("id", &self.id).finish_non_exhaustive()
    }
}
