//! The answer to a request id, for its replay.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// The answer to a request id, for its replay.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "remembered_answers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: Uuid,
    pub request_hash: Vec<u8>,
    pub answer: String,
    pub at: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("remembered_answers").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}
