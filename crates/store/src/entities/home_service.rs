//! What the home library service needs of a patron (A80 to A84).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// What the home library service needs of a patron (A80 to A84).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "home_service")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub patron_id: i64,
    pub street: String,
    pub postcode: String,
    pub post_office: String,
    pub door_note: String,
    pub first_on: NaiveDate,
    pub every_weeks: i16,
    pub preferences: String,
    pub history_consent: i16,
    pub profile_consent: i16,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("home_service").field("patron_id", &self.patron_id).finish_non_exhaustive()
    }
}
