//! A payment, recorded once under the order id of its operator.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A payment, recorded once under the order id of its operator.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payments")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub patron_id: i64,
    pub channel: i16,
    pub operator: String,
    pub order_id: String,
    pub cents: i64,
    pub refunded_cents: i64,
    pub at: DateTime<Utc>,
    pub device_id: Option<i64>,
    pub branch_id: Option<i64>,
    pub recorded_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
