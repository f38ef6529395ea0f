//! A door, PC or locker of a branch.

use sea_orm::entity::prelude::*;

/// A door, PC or locker of a branch.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "resources")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub branch_id: i64,
    pub code: String,
    pub kind: i16,
    pub min_age: Option<i16>,
    pub asks_pin: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
