//! How a patron wants one kind of notice (A57 to A61).

use sea_orm::entity::prelude::*;

/// How a patron wants one kind of notice (A57 to A61).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_preferences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patron_id: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub notice: i16,
    pub channel: i16,
    pub days_before: Option<i16>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
