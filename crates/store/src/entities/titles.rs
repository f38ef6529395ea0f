//! What an item is a copy of: a label and what rules need (A13).

use sea_orm::entity::prelude::*;

/// What an item is a copy of: a label and what rules need (A13).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "titles")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub number: String,
    pub label: String,
    pub material: String,
    pub language: String,
    pub age_rating: Option<i16>,
    pub price_cents: Option<i64>,
    pub queue_last: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
