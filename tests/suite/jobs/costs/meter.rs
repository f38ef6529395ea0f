//! Counts what a database does for the statements of a register.

use kortisto_testkit::{Engine, TestRegister};
use sea_orm::{
    ConnectionTrait as _, Statement,
    sqlx::{Sqlite, pool::PoolConnection, query},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Steps of SQLite's machine that are counted as one.
const STEPS: i32 = 10;

/// Rows and index entries that PostgreSQL has read.
const ROWS_READ: &str = "select ((select sum(seq_tup_read) from pg_stat_user_tables) \
     + (select sum(idx_tup_read) from pg_stat_user_indexes))::bigint";

/// A count that only grows: rows that were read, or what SQLite's machine did to read them.
pub(super) enum Meter {
    Sqlite(Arc<AtomicU64>),
    Postgres,
}

impl Meter {
    /// One that counts what the writing connection does, where jobs are at work.
    pub(super) async fn of(t: &TestRegister, engine: Engine) -> Self {
        if engine == Engine::Postgres {
            return Self::Postgres;
        }
        let steps = Arc::new(AtomicU64::new(0));
        let pool = t.store.writer().get_sqlite_connection_pool();
        assert_eq!(pool.size(), 1, "SQLite has one writer");
        let mut connection: PoolConnection<Sqlite> = pool.acquire().await.unwrap();
        let counted = Arc::clone(&steps);
        connection.lock_handle().await.unwrap().set_progress_handler(STEPS, move || {
            counted.fetch_add(1, Relaxed);
            true
        });
        Self::Sqlite(steps)
    }

    /// What it shows.
    pub(super) async fn read(&self, t: &TestRegister) -> u64 {
        match self {
            Self::Sqlite(steps) => steps.load(Relaxed),
            Self::Postgres => rows_read(t).await,
        }
    }
}

async fn rows_read(t: &TestRegister) -> u64 {
    tell(t).await;
    let statement = Statement::from_string(t.store.writer().get_database_backend(), ROWS_READ);
    let row = t.store.writer().query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index::<i64>(0).unwrap().unsigned_abs()
}

/// Lets the sessions on PostgreSQL tell what they have read, which they do when they are asked to or some time later.
pub(super) async fn tell(t: &TestRegister) {
    let pool = t.store.writer().get_postgres_connection_pool();
    let mut sessions = Vec::new();
    // One that comes back to the pool just now is not found there yet, and another is opened.
    while sessions.len() < pool.size() as usize {
        let mut session = pool.acquire().await.unwrap();
        query("select pg_stat_force_next_flush()").execute(&mut *session).await.unwrap();
        sessions.push(session);
    }
}
