//! PostgreSQL says at commit where something changed that an open stream has to know of. Triggers, so that no way
//! of changing it can forget to. SQLite needs none: see `crates/store/src/signals.rs`.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

/// Table, the events that count, and what is sent.
const TRIGGERS: [(&str, &str, &str); 7] = [
    ("bans", "insert or update or delete", "patron"),
    ("cards", "update of state, valid_until, patron_id", "patron"),
    ("patron_sessions", "update of ended_at", "patron"),
    ("relations", "insert or update or delete", "ward"),
    ("patrons", "update of state, valid_until, category, birth_date", "self"),
    ("devices", "update of state", "device"),
    ("device_certificates", "update of dropped_at", "device_id"),
];

const FUNCTION: &str = "
create function kortisto_signal() returns trigger language plpgsql as $$
declare
    changed record;
begin
    if tg_op = 'DELETE' then changed := old; else changed := new; end if;
    case tg_argv[0]
        when 'patron' then perform pg_notify('kortisto', 'patron ' || changed.patron_id);
        when 'ward' then perform pg_notify('kortisto', 'patron ' || changed.other_id);
        when 'self' then perform pg_notify('kortisto', 'patron ' || changed.id);
        when 'device' then perform pg_notify('kortisto', 'device ' || changed.id);
        when 'device_id' then perform pg_notify('kortisto', 'device ' || changed.device_id);
    end case;
    return null;
end $$";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0009_signals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        let connection = manager.get_connection();
        connection.execute_unprepared(FUNCTION).await?;
        for (table, events, what) in TRIGGERS {
            let trigger = format!(
                "create trigger kortisto_signal after {events} on {table} \
                 for each row execute function kortisto_signal('{what}')"
            );
            connection.execute_unprepared(&trigger).await?;
        }
        Ok(())
    }
}
