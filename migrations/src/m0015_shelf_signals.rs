//! Numbers in the queue of a title are counted on the title, so that none is given twice; holds whose time ends are
//! found by it; and PostgreSQL says at commit where a hold shelf has changed, for those who watch it. SQLite needs no
//! trigger: see `crates/store/src/signals.rs`.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

const DDL: &str = "
alter table titles add column queue_last {ref} not null default 0;

create index holds_by_end on holds (valid_until) where state = 1 and valid_until is not null;
create index audit_by_hold on audit (hold_id, id) where hold_id is not null;
create index items_to_take_off on items (at_branch_id) where state = 3 and kept_for_hold_id is null;
";

/// What is shown of a shelf are its ready holds (state 3): one that comes, goes or moves is told.
const FUNCTION: &str = "
create function kortisto_shelf_signal() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        if old.state = 3 then perform pg_notify('kortisto', 'shelf ' || old.pickup_branch_id); end if;
    end if;
    if tg_op <> 'DELETE' then
        if new.state = 3 then perform pg_notify('kortisto', 'shelf ' || new.pickup_branch_id); end if;
    end if;
    return null;
end $$";

const TRIGGER: &str = "create trigger kortisto_shelf_signal \
     after insert or delete or update of state, pickup_branch_id, pickup_number, pickup_until, compartment on holds \
     for each row execute function kortisto_shelf_signal()";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0015_shelf_signals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::ddl::run(manager, DDL).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared(FUNCTION).await?;
            manager.get_connection().execute_unprepared(TRIGGER).await?;
        }
        Ok(())
    }
}
