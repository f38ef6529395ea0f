//! A patron (A15 to A20, A25, A43 to A46).

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::entity::prelude::*;

/// A patron (A15 to A20, A25, A43 to A46).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "patrons")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub number: String,
    #[sea_orm(unique)]
    pub pseudonym: Uuid,
    pub category: i16,
    pub state: i16,
    pub family_name: String,
    pub given_names: String,
    pub birth_date: Option<NaiveDate>,
    pub service_language: String,
    pub home_branch_id: i64,
    pub valid_until: Option<NaiveDate>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
    pub last_card_event_on: Option<NaiveDate>,
    pub category_code: Option<String>,
    pub call_name: Option<String>,
    pub gender: Option<i16>,
    pub mother_tongue: Option<String>,
    pub home_municipality: Option<String>,
    pub protected_address: bool,
    pub protected_until: Option<NaiveDate>,
    pub support_id: Option<String>,
    pub hold_alias: Option<String>,
    pub business_id: Option<String>,
    pub pickup_branch_id: Option<i64>,
    pub identity_checked_at: Option<DateTime<Utc>>,
    pub identity_checked_by: Option<String>,
    pub identity_document: Option<i16>,
    pub search_name: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("patrons").field("id", &self.id).finish_non_exhaustive()
    }
}
