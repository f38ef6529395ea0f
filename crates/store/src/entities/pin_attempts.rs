//! One typing of a PIN, counted before it is verified.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One typing of a PIN, counted before it is verified.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pin_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub attempt_id: Uuid,
    pub card_key: Vec<u8>,
    pub request_hash: Vec<u8>,
    pub at: DateTime<Utc>,
    pub outcome: i16,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("pin_attempts").field("device_id", &self.device_id).finish_non_exhaustive()
    }
}
