//! One value of a policy.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

/// One value of a policy.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "policies")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub key: String,
    pub value: String,
    pub municipality: Option<String>,
    pub branch_id: Option<i64>,
    pub category: Option<i16>,
    pub material: Option<String>,
    pub collection: Option<String>,
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub decision: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
