//! The store against real databases: files of SQLite, and PostgreSQL clusters that live as long as a test.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

mod cluster;
mod latency;
mod postgres;
mod postgres_cancelled;
mod sqlite;
mod sqlite_files;

use std::time::Duration;

use futures_util::future::BoxFuture;
use kortisto_store::{Engine, Store, StoreError};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement};
use tokio::time::Instant;

/// A table of numbers, on either engine.
const TABLE: &str = "CREATE TABLE number (id BIGINT PRIMARY KEY, hits BIGINT NOT NULL DEFAULT 0)";

fn within(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

async fn run(connection: &impl ConnectionTrait, sql: &str) -> Result<u64, StoreError> {
    let statement = Statement::from_string(Engine::of(connection).backend(), sql);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

async fn insert(connection: &impl ConnectionTrait, id: i64) -> Result<u64, StoreError> {
    run(connection, &format!("INSERT INTO number (id) VALUES ({id})")).await
}

async fn number(connection: &impl ConnectionTrait, sql: &str) -> i64 {
    let statement = Statement::from_string(Engine::of(connection).backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn text(connection: &impl ConnectionTrait, sql: &str) -> String {
    let statement = Statement::from_string(Engine::of(connection).backend(), sql);
    let row = connection.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Nothing but a hint: a closure that is not written where it is passed is not taken for one over every lifetime.
fn work<T, E, F>(work: F) -> F
where
    F: for<'t> Fn(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
{
    work
}

/// Inserts in a unit of work.
async fn insert_in_unit(store: &Store, id: i64, deadline: Instant) -> Result<(), StoreError> {
    let unit = work::<(), StoreError, _>(move |transaction| {
        Box::pin(async move { insert(transaction, id).await.map(drop) })
    });
    store.unit_of_work("insert", deadline, unit).await
}

/// Which of the acknowledged numbers a connection that had no part in writing them cannot see.
async fn lost(witness: &DatabaseConnection, acknowledged: &[i64]) -> Vec<i64> {
    let statement = Statement::from_string(Engine::of(witness).backend(), "SELECT id FROM number");
    let rows = witness.query_all_raw(statement).await.unwrap();
    let kept: std::collections::HashSet<i64> =
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    acknowledged.iter().copied().filter(|id| !kept.contains(id)).collect()
}
