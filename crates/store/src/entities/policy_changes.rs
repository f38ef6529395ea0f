//! A change of a policy: what was decided when, by whom, and what held before.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A change of a policy: what was decided when, by whom, and what held before.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policy_changes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub rulebook_version: i64,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
    pub key: String,
    pub municipality: Option<String>,
    pub branch_id: Option<i64>,
    pub category: Option<i16>,
    pub material: Option<String>,
    pub collection: Option<String>,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub old_value: Option<String>,
    pub new_value: String,
    pub decision: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
