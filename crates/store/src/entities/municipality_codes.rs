//! A municipality code and what took its place.

use chrono::NaiveDate;
use sea_orm::entity::prelude::*;

/// A municipality code and what took its place.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "municipality_codes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    pub name_fi: String,
    pub name_sv: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub valid_from: NaiveDate,
    pub valid_until: Option<NaiveDate>,
    pub successor: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
