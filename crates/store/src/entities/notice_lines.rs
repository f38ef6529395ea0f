//! What a notice is about.

use sea_orm::entity::prelude::*;

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub notice_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i16,
    pub cause: String,
    pub item_id: Option<i64>,
    pub loan_id: Option<Uuid>,
    pub due_on: Option<Date>,
    pub hold_id: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
