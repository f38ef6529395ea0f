//! Everything that a database holds, as text: to see that nothing changed, or that nothing is in it.

use super::TestRegister;
use kortisto_store::{Engine, Store};
use sea_orm::{ConnectionTrait as _, Statement};
use std::collections::BTreeMap;

impl TestRegister {
    /// The rows of every table; see [`dump`].
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        dump(&self.store).await
    }
}

/// The rows of every table, one line each, sorted. Bytes are in hexadecimal digits.
///
/// # Panics
/// When the database does not answer.
pub async fn dump(store: &Store) -> BTreeMap<String, Vec<String>> {
    let tables = match store.engine() {
        Engine::Sqlite => "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'",
        Engine::Postgres => {
            "select table_name::text from information_schema.tables where table_schema = 'public'"
        }
    };
    let mut dump = BTreeMap::new();
    for table in texts(store, tables).await {
        let line = match store.engine() {
            Engine::Postgres => "t::text".to_owned(),
            Engine::Sqlite => {
                let columns = texts(store, &format!("select name from pragma_table_info('{table}')")).await;
                columns
                    .iter()
                    .map(|column| format!("quote(\"{column}\")"))
                    .collect::<Vec<_>>()
                    .join("||','||")
            }
        };
        let mut lines = texts(store, &format!("select {line} from \"{table}\" t")).await;
        lines.sort_unstable();
        dump.insert(table, lines);
    }
    dump
}

async fn texts(store: &Store, sql: &str) -> Vec<String> {
    let connection = store.writer();
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await.expect("the database answers");
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}
