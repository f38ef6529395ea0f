//! A fee (A68).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A fee (A68).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "fees")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub patron_id: i64,
    pub municipality: String,
    pub kind: String,
    pub amount_cents: i64,
    pub open_cents: i64,
    pub created_at: DateTime<Utc>,
    pub loan_id: Option<Uuid>,
    pub step: i16,
    pub item_id: Option<i64>,
    pub hold_id: Option<Uuid>,
    pub card_id: Option<i64>,
    pub rule: Option<String>,
    pub law: i16,
    pub billed_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
    /// Not yet there for a fee from before it was kept.
    pub lapses_on: Option<NaiveDate>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
