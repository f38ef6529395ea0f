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
    pub due_at: Option<DateTime<Utc>>,
    pub state: i16,
    pub state_since: Option<DateTime<Utc>>,
    pub renewals: i16,
    pub renewed_at: Option<DateTime<Utc>>,
    pub notices_sent: i16,
    pub reminded_for: Option<NaiveDate>,
    pub was_item_state: Option<i16>,
    pub was_at_branch_id: Option<i64>,
    pub was_hold_id: Option<Uuid>,
    pub was_due_on: Option<NaiveDate>,
    pub was_due_at: Option<DateTime<Utc>>,
    pub was_device_id: Option<i64>,
    pub renewals_made: i16,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
