//! A compartment belongs to the locker that said what lies in it; and an entry of the ledger is never changed, whoever
//! tries, as the server's role may not on PostgreSQL (`app_role.rs`). Erasing a person still deletes their entries.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

const DDL: &str = "
alter table holds add column compartment_device_id {ref} references devices (id);
";

const ON_POSTGRES: &str = "create trigger kortisto_append_only before update or truncate on fee_entries \
     for each statement execute function kortisto_append_only()";

const ON_SQLITE: &str = "create trigger fee_entries_without_update before update on fee_entries \
     begin select raise(abort, 'rows of fee_entries are never changed'); end";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0020_own_compartments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::ddl::run(manager, DDL).await?;
        let trigger = match manager.get_database_backend() {
            DbBackend::Postgres => ON_POSTGRES,
            _ => ON_SQLITE,
        };
        manager.get_connection().execute_unprepared(trigger).await?;
        Ok(())
    }
}
