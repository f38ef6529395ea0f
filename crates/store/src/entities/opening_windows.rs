//! A weekly opening window of a branch.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

/// A weekly opening window of a branch.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opening_windows")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub branch_id: i64,
    pub weekday: i16,
    pub opens_minute: i16,
    pub closes_minute: i16,
    pub mode: i16,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
