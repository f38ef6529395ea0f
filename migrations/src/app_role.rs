//! What the server's role may do on PostgreSQL, where another role owns the schema and migrates it: everything it
//! needs and nothing else. It owns nothing, changes no schema, and cannot change or delete a row of the record.

use sea_orm_migration::{
    DbErr,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

/// Tables whose rows are added and never changed: the record and its chain.
pub(crate) const APPEND_ONLY: [&str; 3] = ["audit", "audit_seals", "audit_heads"];

/// The columns of the record that name an item, a loan or a hold, and can be forgotten.
const FORGETTABLE: &str = "item_id, loan_id, hold_id, named_salt, named_hash";

/// Tables whose rows are added, and deleted when a person is erased, but never changed.
const ERASABLE: [&str; 2] = ["audit_values", "fee_entries"];

/// Tables that only a migration writes.
const READ_ONLY: [&str; 1] = ["seaql_migrations"];

/// Longest name of a role, in bytes (PostgreSQL's NAMEDATALEN).
const NAME_BYTES_MAX: usize = 63;

/// Why a role did not get its rights.
#[derive(Debug, thiserror::Error)]
pub enum AppRoleFault {
    /// Not a name that needs no quoting.
    #[error("a role's name has 1 to 63 characters of a-z, 0-9 and '_', and does not begin with a digit")]
    Name,
    /// SQLite has no roles; its file belongs to the server.
    #[error("only PostgreSQL has roles; on SQLite the triggers alone keep the record")]
    NoRoles,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Takes every right on the schema's tables from the role and grants what a server needs. Do it after each migration:
/// new tables have no rights yet.
///
/// # Errors
/// [`AppRoleFault`]; then nothing has changed.
pub async fn grant_app_role(connection: &impl ConnectionTrait, role: &str) -> Result<(), AppRoleFault> {
    if !is_name(role) {
        return Err(AppRoleFault::Name);
    }
    if connection.get_database_backend() != DbBackend::Postgres {
        return Err(AppRoleFault::NoRoles);
    }
    let tables = tables(connection).await?;
    let mut statements = vec![
        format!("revoke all on all tables in schema public from {role}"),
        format!("revoke all on schema public from {role}"),
        format!("grant usage on schema public to {role}"),
        format!("grant usage, select on all sequences in schema public to {role}"),
    ];
    statements.push(format!("grant update ({FORGETTABLE}) on audit to {role}"));
    statements.extend(tables.iter().map(|table| format!("grant {} on {table} to {role}", rights(table))));
    // Sent as one text, which PostgreSQL runs as one transaction.
    connection.execute_unprepared(&statements.join(";\n")).await?;
    Ok(())
}

/// What the server does with a table.
fn rights(table: &str) -> &'static str {
    if APPEND_ONLY.contains(&table) {
        "select, insert"
    } else if ERASABLE.contains(&table) {
        "select, insert, delete"
    } else if READ_ONLY.contains(&table) {
        "select"
    } else {
        "select, insert, update, delete"
    }
}

async fn tables(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let sql = "select tablename::text from pg_tables where schemaname = 'public' order by 1";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

fn is_name(role: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=NAME_BYTES_MAX).contains(&role.len())
        && role.bytes().all(allowed)
        && !role.as_bytes()[0].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_needs_no_quotes() {
        for good in ["kortisto_app", "a", "_a1", &"a".repeat(63)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "1a", "Kortisto", "a-b", "a b", "a;b", "a\"b", "ä", &"a".repeat(64)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
