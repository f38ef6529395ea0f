//! Where a job stands.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub holder: Option<Uuid>,
    pub held_until: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub failed: Option<DateTime<Utc>>,
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
