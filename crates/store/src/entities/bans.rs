//! A ban (A71 to A73).

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A ban (A71 to A73).
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "bans")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub patron_id: i64,
    pub kind: i16,
    pub branch_id: Option<i64>,
    pub starts_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
    pub lifted_at: Option<DateTime<Utc>>,
    pub reason: String,
    pub placed_by: String,
    pub placed_at: DateTime<Utc>,
    pub decision_maker: Option<String>,
    pub heard: Option<String>,
    pub appeal: Option<String>,
    pub batch: Option<Uuid>,
    pub lifted_by: Option<String>,
    pub lift_reason: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

// The grounds of a ban are secret (Act 621/1999, section 24, 1, 32): only the key may be printed.
impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("bans").field("id", &self.id).finish_non_exhaustive()
    }
}
