//! The text of a kind of notice, for one channel and language.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// The text of a kind of notice, for one channel and language.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice_templates")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub kind: i16,
    pub step: i16,
    pub channel: i16,
    pub language: String,
    pub subject: String,
    pub body: String,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
