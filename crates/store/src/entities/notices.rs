//! A notice that waits to be delivered, or was.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// A notice that waits to be delivered, or was.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub patron_id: i64,
    pub kind: i16,
    pub step: i16,
    pub state: i16,
    pub created_at: DateTime<Utc>,
    pub next_try_at: Option<DateTime<Utc>>,
    pub tries: i16,
    pub taken_by: Option<Uuid>,
    pub taken_until: Option<DateTime<Utc>>,
    pub channel: Option<i16>,
    pub sent_to_id: Option<i64>,
    pub reason: Option<i16>,
    pub sent_at: Option<DateTime<Utc>>,
    pub proof: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
