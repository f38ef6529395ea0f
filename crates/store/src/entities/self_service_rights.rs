//! A right to use unstaffed libraries.

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A right to use unstaffed libraries.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "self_service_rights")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    pub kind: i16,
    pub branch_id: Option<i64>,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub consent_id: Option<i64>,
    pub contract: Option<String>,
    pub granted_by: Option<String>,
    pub granted_at: Option<DateTime<Utc>>,
    pub withdrawn_by: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
