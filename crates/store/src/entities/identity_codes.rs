//! A personal identity code, encrypted (A14).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A personal identity code, encrypted (A14).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identity_codes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    #[sea_orm(unique)]
    pub blind_index: Vec<u8>,
    pub key_id: i16,
    pub sealed: Vec<u8>,
    pub recorded_at: DateTime<Utc>,
    pub recorded_by: String,
    pub superseded_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("identity_codes").field("id", &self.id).finish_non_exhaustive()
    }
}
