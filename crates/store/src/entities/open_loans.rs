//! An open loan, keyed by its item (A65).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// An open loan, keyed by its item (A65).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "open_loans")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub item_id: i64,
    pub id: Uuid,
    pub patron_id: i64,
    pub card_id: i64,
    pub branch_id: i64,
    pub device_id: i64,
    pub material: String,
    pub lent_at: DateTime<Utc>,
    pub due_on: NaiveDate,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
