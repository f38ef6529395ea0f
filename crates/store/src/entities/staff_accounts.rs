//! A personal staff account (A114).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A personal staff account (A114).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staff_accounts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique)]
    pub user_name: String,
    pub display_name: String,
    pub state: i16,
    pub password_scheme: Option<i16>,
    pub password_key_id: Option<i16>,
    pub password_hash: Option<Vec<u8>>,
    pub password_set_at: Option<DateTime<Utc>>,
    pub password_request: Option<Uuid>,
    pub must_change: bool,
    pub failures: i16,
    pub locked_until: Option<DateTime<Utc>>,
    pub last_wrong: Option<Vec<u8>>,
    #[sea_orm(unique)]
    pub oidc_subject: Option<String>,
    pub undertaking: Option<String>,
    pub undertaken_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub created_by: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The row holds a person or a secret: only its key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("staff_accounts").field("id", &self.id).finish_non_exhaustive()
    }
}
