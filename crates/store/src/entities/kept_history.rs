//! A loan of the past that the patron asked to keep (A78).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A loan of the past that the patron asked to keep (A78).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "kept_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub patron_id: i64,
    pub title_id: i64,
    pub lent_at: DateTime<Utc>,
    pub returned_at: DateTime<Utc>,
    pub for_patron: bool,
    pub for_home_service: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
