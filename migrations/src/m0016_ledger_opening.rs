//! Fees from before the ledger get the entries that they would have had: their charge, and what has been paid since.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

/// The charge has the key of its fee, as every charge does.
const CHARGES: &str = "insert into fee_entries (id, fee_id, kind, cents, at, recorded_by) \
     select f.id, f.id, 1, f.amount_cents, f.created_at, 'migration' from fees f \
     where not exists (select 1 from fee_entries e where e.fee_id = f.id)";

/// What was paid before payments were kept, `{id}` being a new key. It belongs to no payment.
const PAID: &str = "insert into fee_entries (id, fee_id, kind, cents, at, recorded_by) \
     select {id}, f.id, 2, f.open_cents - f.amount_cents, f.created_at, 'migration' from fees f \
     join fee_entries c on c.id = f.id and c.recorded_by = 'migration' where f.open_cents < f.amount_cents";

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0016_ledger_opening"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let new_key = match manager.get_database_backend() {
            DbBackend::Postgres => "gen_random_uuid()",
            _ => "randomblob(16)",
        };
        let connection = manager.get_connection();
        connection.execute_unprepared(CHARGES).await?;
        connection.execute_unprepared(&PAID.replace("{id}", new_key)).await?;
        Ok(())
    }
}
