//! What an audit row names, its item, loan and hold, can be forgotten: the row then holds only the salted hash of it that
//! the chain was linked with. Nothing else of a row can be changed, and nothing is forgotten twice.

use sea_orm_migration::{
    DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait,
    sea_orm::{ConnectionTrait as _, DbBackend},
};

const DDL: &str = "
alter table audit add column named_salt {bytes};
alter table audit add column named_hash {bytes};

create index audit_by_loan on audit (loan_id, id) where loan_id is not null;
create index audit_of_items_alone on audit (id) where item_id is not null and loan_id is null and hold_id is null;
";

const ON_POSTGRES: [&str; 4] = [
    "drop trigger kortisto_append_only on audit",
    "create trigger kortisto_append_only before delete or truncate on audit \
     for each statement execute function kortisto_append_only()",
    "create function kortisto_forget() returns trigger language plpgsql as $$
begin
    if new.item_id is null and new.loan_id is null and new.hold_id is null and new.named_salt is null
        and old.named_hash is null and new.named_hash is not null
        and to_jsonb(new) - '{item_id,loan_id,hold_id,named_salt,named_hash}'::text[]
            = to_jsonb(old) - '{item_id,loan_id,hold_id,named_salt,named_hash}'::text[]
    then
        return new;
    end if;
    raise exception 'rows of audit are never changed, only what they name is forgotten'
        using errcode = 'insufficient_privilege';
end $$",
    "create trigger kortisto_forget before update on audit for each row execute function kortisto_forget()",
];

/// The columns that stay as they are.
const KEPT: [&str; 15] = [
    "id",
    "at",
    "action",
    "granted",
    "reasons",
    "actor",
    "device_id",
    "branch_id",
    "subject",
    "request_id",
    "staff_account_id",
    "staff_session_id",
    "purpose",
    "detail",
    "values_hash",
];

fn on_sqlite() -> [String; 2] {
    let kept = KEPT.map(|column| format!("new.{column} is old.{column}")).join(" and ");
    [
        "drop trigger audit_without_update".to_owned(),
        format!(
            "create trigger audit_without_update before update on audit \
             when not (new.item_id is null and new.loan_id is null and new.hold_id is null \
               and new.named_salt is null and old.named_hash is null and new.named_hash is not null and {kept}) \
             begin select raise(abort, 'rows of audit are never changed, only what they name is forgotten'); end"
        ),
    ]
}

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0018_forgetting"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::ddl::run(manager, DDL).await?;
        let connection = manager.get_connection();
        match manager.get_database_backend() {
            DbBackend::Postgres => {
                for statement in ON_POSTGRES {
                    connection.execute_unprepared(statement).await?;
                }
            }
            _ => {
                for statement in on_sqlite() {
                    connection.execute_unprepared(&statement).await?;
                }
            }
        }
        Ok(())
    }
}
