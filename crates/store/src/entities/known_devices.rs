//! A device at which a card has been used with the right PIN.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A device at which a card has been used with the right PIN.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "known_devices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub card_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: i64,
    pub last_success_at: DateTime<Utc>,
    pub tries_left: i16,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
