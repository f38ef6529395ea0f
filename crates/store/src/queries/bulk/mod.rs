//! Statements of imports: thousands of rows per statement, one text for both engines.
//!
//! An import works like a turn of a lane, only larger: it loads what the register has under the keys of
//! a batch, decides in Rust what is new and what differs, and writes that. Rows go in as one JSON
//! parameter ([`super::dialect`]). What already stands as the file says it is neither locked nor written.

pub mod branches;
pub mod cards;
pub mod items;
pub mod patrons;
pub mod pins;
pub mod rights;
pub mod session;
pub mod titles;

use super::dialect::{Columns, Kind, parameter, rows};
use crate::{Engine, StoreError};
use sea_orm::{ConnectionTrait, EntityTrait, QueryResult, Statement};
use serde::Serialize;

/// A text key that is looked for.
const WANTED_TEXT: Columns = &[("wanted", Kind::Text)];
/// A numeric key that is looked for.
const WANTED_ID: Columns = &[("wanted", Kind::Int)];

#[derive(Serialize)]
struct Wanted<T> {
    wanted: T,
}

/// The key of a row that is there, with its natural key. That may be a person's: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// Its key.
    pub id: i64,
    /// Its natural key.
    pub natural: String,
}

impl Written {
    /// From rows of two columns.
    fn all(rows: &[QueryResult]) -> Result<Vec<Self>, StoreError> {
        rows.iter()
            .map(|row| Ok(Self { id: row.try_get_by_index(0)?, natural: row.try_get_by_index(1)? }))
            .collect()
    }
}

/// `sql` with the rows of the one parameter in the place of `{rows}`.
fn statement<T: Serialize>(engine: Engine, sql: &str, columns: Columns, given: &[T]) -> Statement {
    let text = sql.replace("{rows}", &rows(engine, columns, 1));
    Statement::from_sql_and_values(engine.backend(), text, [parameter(given)])
}

/// Runs a statement and counts the rows it wrote.
async fn execute<T: Serialize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: Columns,
    given: &[T],
) -> Result<u64, StoreError> {
    if given.is_empty() {
        return Ok(0);
    }
    let statement = statement(Engine::of(connection), sql, columns, given);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// Runs a statement that gives rows.
async fn query<T: Serialize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: Columns,
    given: &[T],
) -> Result<Vec<QueryResult>, StoreError> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    Ok(connection.query_all_raw(statement(Engine::of(connection), sql, columns, given)).await?)
}

/// The rows of a table that have one of these keys, through `sql`.
async fn find<E: EntityTrait, T: Serialize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: Columns,
    keys: impl Iterator<Item = T>,
) -> Result<Vec<E::Model>, StoreError> {
    let wanted: Vec<_> = keys.map(|wanted| Wanted { wanted }).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let statement = statement(Engine::of(connection), sql, columns, &wanted);
    Ok(E::find().from_raw_sql(statement).all(connection).await?)
}

/// Inserts rows and gives the key of each with its natural key; in which order is not said.
async fn insert_returning<T: Serialize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: Columns,
    given: &[T],
) -> Result<Vec<Written>, StoreError> {
    Written::all(&query(connection, sql, columns, given).await?)
}

/// Runs an UPDATE of rows that were read before. One that is not there any more as it was read means that
/// somebody else came first: the import is begun anew.
async fn update<T: Serialize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    columns: Columns,
    given: &[T],
) -> Result<(), StoreError> {
    let written = execute(connection, sql, columns, given).await?;
    if usize::try_from(written) == Ok(given.len()) { Ok(()) } else { Err(StoreError::Conflict) }
}
