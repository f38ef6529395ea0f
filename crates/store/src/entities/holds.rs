//! A hold (A67).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A hold (A67).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "holds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub queue_number: i64,
    pub patron_id: i64,
    pub title_id: i64,
    pub only_item_id: Option<i64>,
    pub pickup_branch_id: i64,
    pub state: i16,
    pub placed_at: DateTime<Utc>,
    pub kept_item_id: Option<i64>,
    pub ready_at: Option<DateTime<Utc>>,
    pub pickup_until: Option<NaiveDate>,
    pub pickup_number: Option<String>,
    pub card_id: Option<i64>,
    pub only_branch_id: Option<i64>,
    pub pickup_stop_id: Option<i64>,
    pub pickup_locker_id: Option<i64>,
    pub frozen_until: Option<NaiveDate>,
    pub valid_until: Option<NaiveDate>,
    pub compartment: Option<String>,
    pub compartment_device_id: Option<i64>,
    pub reserved_until: Option<DateTime<Utc>>,
    pub reserved_device_id: Option<i64>,
    pub closed_at: Option<DateTime<Utc>>,
    pub closed_by: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
