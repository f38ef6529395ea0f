//! A certificate issued to a device; dropped ones stay for the record.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A certificate issued to a device; dropped ones stay for the record.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device_certificates")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub fingerprint: Vec<u8>,
    pub device_id: i64,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub first_used_at: Option<DateTime<Utc>>,
    pub dropped_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
