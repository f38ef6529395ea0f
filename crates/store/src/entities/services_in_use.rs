//! Whether a patron uses a service (A33).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// Whether a patron uses a service (A33).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "services_in_use")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patron_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub service: i16,
    pub enabled: bool,
    pub since: DateTime<Utc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
