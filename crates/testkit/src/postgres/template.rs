//! Databases that others are copied from, each made once per cluster.

use super::error::Error;
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};
use std::fmt::Display;

/// Longest name of a template, in characters: PostgreSQL cuts names at 63, and copies add a suffix.
const NAME_CHARACTERS_MAX: usize = 48;

/// Keeps our advisory locks apart from those of the code under test, which never uses this database.
const LOCK_CLASS: i32 = 0x6B6F;

/// A database that is ready to be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    name: String,
}

impl Template {
    /// The template that every cluster has: no table in it.
    #[must_use]
    pub fn empty() -> Self {
        Self { name: "template1".to_owned() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Names go into statements as they are, so only harmless ones pass.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    let harmless = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if starts_well && name.len() <= NAME_CHARACTERS_MAX && name.bytes().all(harmless) {
        return Ok(());
    }
    Err(Error::TemplateName(name.to_owned()))
}

/// Makes the template unless it exists. `connection` is a single one: it holds the lock, and closing it lets
/// the lock go.
pub(super) async fn ensure<E: Display>(
    connection: &DatabaseConnection,
    name: &str,
    migrate: impl AsyncFnOnce() -> Result<(), E>,
) -> Result<Template, Error> {
    let template = Template { name: name.to_owned() };
    let lock = format!("SELECT pg_advisory_lock({LOCK_CLASS}, hashtext('{name}'))");
    connection.execute_unprepared(&lock).await?;
    if exists(connection, name).await? {
        return Ok(template);
    }
    // What an earlier attempt left half done.
    connection.execute_unprepared(&format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#)).await?;
    connection.execute_unprepared(&format!(r#"CREATE DATABASE "{name}""#)).await?;
    migrate().await.map_err(|error| Error::Migration(error.to_string()))?;
    // Copying waits for everybody to leave, so nobody may come in any more, and who is in is put out.
    let close = format!(r#"ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false IS_TEMPLATE true"#);
    let leave = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    connection.execute_unprepared(&leave).await?;
    connection.execute_unprepared(&close).await?;
    Ok(template)
}

/// Whether a finished template has this name: the mark is the last thing it gets.
async fn exists(connection: &DatabaseConnection, name: &str) -> Result<bool, Error> {
    let query = format!("SELECT 1 FROM pg_database WHERE datname = '{name}' AND datistemplate");
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, query)).await?;
    Ok(row.is_some())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn only_harmless_names_pass() {
        for good in ["k", "kortisto_0123abc", &"a".repeat(48)] {
            check_name(good).unwrap();
        }
        for bad in ["", "1a", "_a", "Kortisto", "a-b", "a\"b", "a'b", "ä", &"a".repeat(49)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
