//! One decision or view, as it was committed.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One decision or view, as it was committed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub action: String,
    pub granted: bool,
    pub reasons: String,
    pub actor: String,
    pub device_id: Option<i64>,
    pub branch_id: Option<i64>,
    pub subject: Option<Uuid>,
    pub item_id: Option<i64>,
    pub loan_id: Option<Uuid>,
    pub hold_id: Option<Uuid>,
    pub request_id: Option<Uuid>,
    pub staff_account_id: Option<i64>,
    pub staff_session_id: Option<Uuid>,
    pub purpose: Option<i16>,
    pub detail: Option<String>,
    pub values_hash: Option<Vec<u8>>,
    pub named_salt: Option<Vec<u8>>,
    pub named_hash: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
