//! A loan that has ended.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A loan that has ended.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "loan_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub item_id: i64,
    pub patron_id: i64,
    pub card_id: i64,
    pub branch_id: i64,
    pub device_id: i64,
    pub material: String,
    pub lent_at: DateTime<Utc>,
    pub due_on: NaiveDate,
    pub returned_at: DateTime<Utc>,
    pub returned_branch_id: i64,
    pub returned_device_id: i64,
    pub renewals: i16,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
