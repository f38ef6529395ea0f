//! Work that time sets off: who is at it, when it last went through, and what it did. Rows that are forgotten by their
//! age are found by it without a search: SQLite keeps them in the order in which they came, and PostgreSQL keeps for each
//! stretch of pages what is the oldest there.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

const DDL: &str = "
create table jobs (
    name text primary key,
    holder {uuid},
    held_until {instant},
    finished {instant},
    failed {instant},
    failure text
);

create table job_runs (
    id {uuid} primary key,
    job text not null,
    started_at {instant} not null,
    ended_at {instant} not null,
    finished boolean not null,
    report text not null,
    failure text
);

create index job_runs_by_job on job_runs (job, started_at);
create index holds_closed on holds (closed_at) where closed_at is not null;
";

const BY_AGE: [&str; 4] = [
    "create index remembered_answers_by_age on remembered_answers using brin (at)",
    "create index pin_attempts_by_age on pin_attempts using brin (at)",
    "create index patron_sessions_by_age on patron_sessions using brin (expires_at)",
    "create index staff_sessions_by_age on staff_sessions using brin (expires_at)",
];

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0017_jobs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::ddl::run(manager, DDL).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            for statement in BY_AGE {
                manager.get_connection().execute_unprepared(statement).await?;
            }
        }
        Ok(())
    }
}
