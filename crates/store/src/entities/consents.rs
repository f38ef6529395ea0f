//! A consent, a refusal, or their withdrawal (A49, A55, A80, A82).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A consent, a refusal, or their withdrawal (A49, A55, A80, A82).
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    pub relation_id: Option<i64>,
    pub purpose: i16,
    pub state: i16,
    pub form: i16,
    pub text_version: String,
    pub given_by_id: Option<i64>,
    pub recorded_at: DateTime<Utc>,
    pub recorded_by: String,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub withdrawn_by: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
