//! What holds on one day instead of the weekly windows.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

/// What holds on one day instead of the weekly windows.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opening_exceptions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub branch_id: i64,
    pub day: NaiveDate,
    pub opens_minute: i16,
    pub closes_minute: i16,
    pub mode: i16,
    pub note: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
