//! One run of a job.

use chrono::{DateTime, Utc};
use sea_orm::entity::prelude::*;

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "job_runs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub job: String,
    pub started_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub finished: bool,
    pub report: String,
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
