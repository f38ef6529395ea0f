//! Loans and holds of a calendar year (A75).

use sea_orm::entity::prelude::*;

/// Loans and holds of a calendar year (A75).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "year_counters")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patron_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i16,
    pub loans: i32,
    pub holds: i32,
    pub uncollected_holds: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
