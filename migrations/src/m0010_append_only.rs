//! The record is only ever added to: no statement changes or deletes a row of it, whoever sends it by mistake.
//!
//! On PostgreSQL the server's role lacks the right as well (`app_role.rs`); the triggers also stop the owner, unless
//! the owner drops them. What was done in spite of all that, the chain shows.

use crate::app_role::APPEND_ONLY;
use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

const FUNCTION: &str = "
create function kortisto_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are never changed', tg_table_name using errcode = 'insufficient_privilege';
end $$";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0010_append_only"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (connection, backend) = (manager.get_connection(), manager.get_database_backend());
        if backend == DbBackend::Postgres {
            connection.execute_unprepared(FUNCTION).await?;
        }
        for table in APPEND_ONLY {
            if backend == DbBackend::Postgres {
                let trigger = format!(
                    "create trigger kortisto_append_only before update or delete or truncate on {table} \
                     for each statement execute function kortisto_append_only()"
                );
                connection.execute_unprepared(&trigger).await?;
                continue;
            }
            for event in ["update", "delete"] {
                let trigger = format!(
                    "create trigger {table}_without_{event} before {event} on {table} \
                     begin select raise(abort, 'rows of {table} are never changed'); end"
                );
                connection.execute_unprepared(&trigger).await?;
            }
        }
        Ok(())
    }
}
