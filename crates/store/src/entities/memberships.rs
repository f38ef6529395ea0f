//! A membership of a municipality in the consortium (A2).

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

/// A membership of a municipality in the consortium (A2).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "memberships")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub municipality: String,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub decision: String,
    pub end_decision: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
