//! Counts the changes of policies, branches, hours and resources.

use sea_orm::entity::prelude::*;

/// Counts the changes of policies, branches, hours and resources.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rulebook_version")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub singleton: i16,
    pub version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
