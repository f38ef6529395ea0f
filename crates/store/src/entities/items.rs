//! A copy.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A copy.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "items")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub barcode: String,
    pub title_id: i64,
    pub home_branch_id: i64,
    pub collection: String,
    pub state: i16,
    pub at_branch_id: i64,
    pub kept_for_hold_id: Option<Uuid>,
    pub price_cents: Option<i64>,
    pub note: Option<String>,
    pub state_since: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
