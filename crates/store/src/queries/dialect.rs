//! Rows as one JSON parameter, read alike by both engines.

use crate::Engine;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};

/// How a JSON value becomes a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `smallint`.
    Small,
    /// `bigint`.
    Int,
    /// `text`.
    Text,
    /// `boolean`.
    Bool,
    /// `uuid`; a blob on SQLite.
    Uuid,
    /// `bytea`; a blob on SQLite.
    Bytes,
    /// `timestamptz`; RFC 3339 text on SQLite.
    Instant,
    /// `date`; ISO 8601 text on SQLite.
    Date,
}

/// The columns of a row parameter: name in the JSON and in SQL, and its kind.
pub type Columns = &'static [(&'static str, Kind)];

/// More rows than any parameter holds: 1 GB of text has fewer.
const ROWS_MAX: u32 = 1_000_000_000;

/// The rows of parameter `number` as a table named `k`, for a FROM clause.
#[must_use]
pub fn rows(engine: Engine, columns: Columns, number: usize) -> String {
    let mut list = Vec::with_capacity(columns.len());
    match engine {
        Engine::Postgres => {
            for (name, kind) in columns {
                let sql_type = match kind {
                    Kind::Small => "smallint",
                    Kind::Int => "bigint",
                    Kind::Text => "text",
                    Kind::Bool => "boolean",
                    Kind::Uuid => "uuid",
                    Kind::Bytes => "bytea",
                    Kind::Instant => "timestamptz",
                    Kind::Date => "date",
                };
                list.push(format!("{name} {sql_type}"));
            }
            let rows = format!("json_to_recordset(${number}::json) as k({})", list.join(", "));
            // All of them. A limit that the planner cannot know makes it expect a tenth of the hundred rows that it takes
            // any function for, so that outside the lanes, too, it looks rows up in tables of a thousand and reads none
            // whole.
            format!("(select * from {rows} limit (select {ROWS_MAX})) as k")
        }
        Engine::Sqlite => {
            for (name, kind) in columns {
                let value = match kind {
                    Kind::Uuid => format!("unhex(value->>'{name}', '-')"),
                    Kind::Bytes => format!("unhex(substr(value->>'{name}', 3))"),
                    _ => format!("value->>'{name}'"),
                };
                list.push(format!("{value} as {name}"));
            }
            format!("(select {} from json_each(${number})) as k", list.join(", "))
        }
    }
}

/// A list of rows as one JSON text column: an array of arrays, or NULL or `[]` when there is none.
/// `from` is everything after the list of columns, from the keyword FROM on.
#[must_use]
pub fn list(engine: Engine, columns: &str, from: &str) -> String {
    match engine {
        Engine::Postgres => format!("(select json_agg(json_build_array({columns}))::text {from})"),
        Engine::Sqlite => format!("(select json_group_array(json_array({columns})) {from})"),
    }
}

/// A list of rows as a value inside another list.
#[must_use]
pub fn inner_list(engine: Engine, columns: &str, from: &str) -> String {
    match engine {
        Engine::Postgres => {
            format!("coalesce((select json_agg(json_build_array({columns})) {from}), '[]'::json)")
        }
        // What comes out of a subselect is text to SQLite until json() says otherwise.
        Engine::Sqlite => format!("json((select json_group_array(json_array({columns})) {from}))"),
    }
}

/// Gives a module `sql(engine)`: the text that its function `text(engine)` makes, made once.
macro_rules! one_text_per_engine {
    () => {
        static POSTGRES: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| text(Engine::Postgres));
        static SQLITE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| text(Engine::Sqlite));

        /// The statement, for tests that explain it.
        #[must_use]
        pub fn sql(engine: Engine) -> &'static str {
            match engine {
                Engine::Postgres => &POSTGRES,
                Engine::Sqlite => &SQLITE,
            }
        }
    };
}
pub(super) use one_text_per_engine;

/// Bytes in a row parameter.
#[derive(Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(2 + 2 * self.0.len());
        text.push_str("\\x");
        for byte in &self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        serializer.serialize_str(&text)
    }
}

/// An instant in a row parameter. SQLite compares instants as text, so the form must be the one in
/// which sqlx binds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub DateTime<Utc>);

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, false))
    }
}

/// Rows as the JSON text of a parameter.
pub fn parameter<T: Serialize>(rows: &[T]) -> sea_orm::Value {
    serde_json::to_string(rows).expect("rows of numbers and strings always serialise").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_name_each_column_once_on_either_engine() {
        const COLUMNS: Columns = &[("id", Kind::Int), ("loan", Kind::Uuid)];
        assert_eq!(
            rows(Engine::Postgres, COLUMNS, 2),
            "(select * from json_to_recordset($2::json) as k(id bigint, loan uuid) limit (select 1000000000)) as k"
        );
        assert_eq!(
            rows(Engine::Sqlite, COLUMNS, 1),
            "(select value->>'id' as id, unhex(value->>'loan', '-') as loan from json_each($1)) as k"
        );
    }

    #[test]
    fn values_take_the_form_that_both_engines_read() {
        let at = DateTime::from_timestamp(1_700_000_000, 500_000_000).unwrap();
        let text = serde_json::to_string(&(Hex(vec![0, 255]), At(at))).unwrap();
        assert_eq!(text, r#"["\\x00ff","2023-11-14T22:13:20.500+00:00"]"#);
    }
}
