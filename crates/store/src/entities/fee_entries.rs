//! One entry of the ledger of a fee. Its cents add to what is owed, or take from it.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One entry of the ledger of a fee. Its cents add to what is owed, or take from it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fee_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub fee_id: Uuid,
    pub kind: i16,
    pub cents: i64,
    pub at: DateTime<Utc>,
    pub recorded_by: String,
    pub payment_id: Option<Uuid>,
    pub grounds: Option<String>,
    pub refund_order_id: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
