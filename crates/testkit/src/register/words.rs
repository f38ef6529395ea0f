//! Many rows in one statement: what differs between the engines.

use super::{Engine, TestRegister};
use sea_orm::ConnectionTrait as _;

/// Pieces of SQL in the words of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Words(pub Engine);

impl Words {
    /// The numbers `from` to `to` as column `n` of a table, for a FROM clause.
    #[must_use]
    pub fn series(self, from: u64, to: u64) -> String {
        match self.0 {
            Engine::Postgres => format!("generate_series({from}::bigint, {to}::bigint) as g(n)"),
            Engine::Sqlite => format!(
                "(with recursive c(n) as (select {from} union all select n + 1 from c where n < {to}) \
                 select n from c where n <= {to}) as g"
            ),
        }
    }

    /// Rows of a number and two texts as columns `k`, `shown` and `folded` of a table, for a FROM clause.
    #[must_use]
    pub fn texts(self, name: &str, texts: &[(String, String)]) -> String {
        let rows: Vec<_> = texts
            .iter()
            .enumerate()
            .map(|(k, (shown, folded))| format!("({k}, '{shown}', '{folded}')"))
            .collect();
        let rows = rows.join(", ");
        match self.0 {
            Engine::Postgres => format!("(values {rows}) as {name}(k, shown, folded)"),
            Engine::Sqlite => format!(
                "(select column1 as k, column2 as shown, column3 as folded from (values {rows})) as {name}"
            ),
        }
    }

    /// A day and the number `expression` of days after it.
    #[must_use]
    pub fn days_after(self, day: &str, expression: &str) -> String {
        match self.0 {
            Engine::Postgres => format!("date '{day}' + ({expression})::int"),
            Engine::Sqlite => format!("date('{day}', '+' || ({expression}) || ' days')"),
        }
    }

    /// A letter and the number `expression` in `digits` digits.
    #[must_use]
    pub fn numbered(self, letter: char, expression: &str, digits: usize) -> String {
        match self.0 {
            Engine::Postgres => format!("'{letter}' || lpad(({expression})::text, {digits}, '0')"),
            Engine::Sqlite => format!("printf('{letter}%0{digits}d', {expression})"),
        }
    }

    /// A key of 16 bytes: the tag, and the number `expression` behind it.
    #[must_use]
    pub fn key(self, tag: u8, expression: &str) -> String {
        match self.0 {
            Engine::Postgres => format!("('{tag:02x}' || lpad(to_hex({expression}), 30, '0'))::uuid"),
            Engine::Sqlite => format!("unhex(printf('{tag:02x}%030x', {expression}))"),
        }
    }

    /// 32 bytes that are others for each number `expression`.
    #[must_use]
    pub fn digest(self, expression: &str) -> String {
        match self.0 {
            Engine::Postgres => format!("sha256(({expression})::text::bytea)"),
            Engine::Sqlite => format!("unhex(printf('%064x', {expression}))"),
        }
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.0 {
            Engine::Postgres => format!("'\\x{hex}'::bytea"),
            Engine::Sqlite => format!("x'{hex}'"),
        }
    }

    /// What makes statistics, and on PostgreSQL also what autovacuum would do sooner or later.
    #[must_use]
    pub const fn analyze(self) -> &'static str {
        match self.0 {
            Engine::Postgres => "vacuum analyze",
            Engine::Sqlite => "analyze",
        }
    }

    /// Writes `rows` rows of a table. What is written says the table with its columns and what they are for each number `n`
    /// from 1 on: `titles (id, label) select n, 'T' || n`.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn write(self, t: &TestRegister, rows: u32, what: &str) {
        let insert = format!("insert into {what} from {}", self.series(1, rows.into()));
        t.store.writer().execute_unprepared(&insert).await.expect("many rows");
    }
}
