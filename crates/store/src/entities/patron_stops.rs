//! A bookmobile stop that a patron uses (A76).

use sea_orm::entity::prelude::*;

/// A bookmobile stop that a patron uses (A76).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patron_stops")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patron_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub stop_id: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
