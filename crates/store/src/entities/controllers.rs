//! A municipality as controller (A1, A3).

use sea_orm::entity::prelude::*;

/// A municipality as controller (A1, A3).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "controllers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub municipality: String,
    pub name: String,
    pub business_id: Option<String>,
    pub officer: String,
    pub contact: String,
    pub data_protection_officer: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
