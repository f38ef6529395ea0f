//! Patrons by the beginning of their name or by their birth date, in the order of names, page by page.
//!
//! Each page begins behind the last patron of the one before, so that its cost does not grow with its number. How
//! far a search has come is counted within a bound: nobody reads the register through from end to end.

use crate::{Engine, StoreError, entities::patrons};
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, EntityTrait, Statement, Value};

/// Above every letter that a name may hold, in the order of the bytes of UTF-8.
const AFTER_ALL: char = '\u{10ffff}';

/// What patrons are searched by. Personal data: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Criterion {
    /// The beginning of the folded name; empty for every name.
    pub prefix: String,
    /// The birth date; none for every one.
    pub born: Option<NaiveDate>,
}

/// A place in the order of names. Personal data: it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The folded name.
    pub search_name: String,
    /// The key.
    pub id: i64,
}

/// The statement of a page. `$1` and `$2` are the place behind which it begins, `$3` is the end of the names, `$4`
/// how many rows, `$5` the birth date.
#[must_use]
pub const fn page_sql(by_birth_date: bool) -> &'static str {
    if by_birth_date {
        "select p.* from patrons p where p.birth_date = $5 and (p.search_name, p.id) > ($1, $2) \
         and p.search_name < $3 order by p.search_name, p.id limit $4"
    } else {
        "select p.* from patrons p where (p.search_name, p.id) > ($1, $2) \
         and p.search_name < $3 order by p.search_name, p.id limit $4"
    }
}

/// The statement that counts what has been shown. `$1` and `$2` are the last patron shown, `$3` is the beginning of
/// the names, `$4` how far is counted, `$5` the birth date. The order makes the planner stop there.
#[must_use]
pub const fn shown_sql(by_birth_date: bool) -> &'static str {
    if by_birth_date {
        "select count(*) from (select p.id from patrons p where p.birth_date = $5 \
         and (p.search_name, p.id) <= ($1, $2) and p.search_name >= $3 \
         order by p.search_name, p.id limit $4) as seen"
    } else {
        "select count(*) from (select p.id from patrons p where (p.search_name, p.id) <= ($1, $2) \
         and p.search_name >= $3 order by p.search_name, p.id limit $4) as seen"
    }
}

/// The patrons behind a place, or from the first on, `rows` of them at most.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn page(
    connection: &impl ConnectionTrait,
    criterion: &Criterion,
    after: Option<&Place>,
    rows: u64,
) -> Result<Vec<patrons::Model>, StoreError> {
    // No key is below 1, so nothing that begins like this stands before it.
    let beginning = Place { search_name: criterion.prefix.clone(), id: 0 };
    let end = format!("{}{AFTER_ALL}", criterion.prefix);
    let values = values(criterion, after.unwrap_or(&beginning), end, rows);
    let sql = page_sql(criterion.born.is_some());
    let statement = Statement::from_sql_and_values(Engine::of(connection).backend(), sql, values);
    Ok(patrons::Entity::find().from_raw_sql(statement).all(connection).await?)
}

/// How many patrons the search has shown up to and including a place, counted up to `limit`.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn shown(
    connection: &impl ConnectionTrait,
    criterion: &Criterion,
    place: &Place,
    limit: u64,
) -> Result<u64, StoreError> {
    let values = values(criterion, place, criterion.prefix.clone(), limit);
    let sql = shown_sql(criterion.born.is_some());
    let statement = Statement::from_sql_and_values(Engine::of(connection).backend(), sql, values);
    let count: i64 = match connection.query_one_raw(statement).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    Ok(count.unsigned_abs())
}

fn values(criterion: &Criterion, place: &Place, bound: String, rows: u64) -> Vec<Value> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let mut values: Vec<Value> =
        vec![place.search_name.as_str().into(), place.id.into(), bound.into(), rows.into()];
    values.extend(criterion.born.map(Value::from));
    values
}
