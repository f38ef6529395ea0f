//! Opening a database: pools, pragmas, session settings, and the lock that keeps a second server off a file.

mod lane_connection;
mod options;
mod postgres;
mod sqlite;
mod suspicion;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tokio::time::{Instant, timeout, timeout_at};

pub use lane_connection::LaneConnection;
pub(crate) use lane_connection::begin;
pub use options::StoreOptions;
pub(crate) use suspicion::Suspicion;

pub(crate) use postgres::listening_pool;

use crate::{Engine, StoreError};

/// How long closing may wait for connections that are in use.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(5);

/// An open database. Cheap to clone; all clones share its connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    options: StoreOptions,
    readers: DatabaseConnection,
    writer: DatabaseConnection,
    suspicion: Arc<Suspicion>,
    jitter_draws: AtomicU64,
    /// SQLite: the database file and the lock on it, held as long as anything uses the store.
    file: Option<sqlite::LockedFile>,
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Store").field("engine", &self.inner.engine).finish_non_exhaustive()
    }
}

/// An error of the driver that did not come by way of sea-orm.
pub(crate) fn of_driver(error: sea_orm::SqlxError) -> StoreError {
    StoreError::from(sea_orm::DbErr::Query(sea_orm::RuntimeErr::SqlxError(Arc::new(error))))
}

/// How to open one more connection that reads the SQLite file.
pub(crate) fn sqlite_reading(
    store: &Store,
) -> Result<sea_orm::sqlx::sqlite::SqliteConnectOptions, StoreError> {
    let path = store.sqlite_path().ok_or_else(|| StoreError::other("the database is no SQLite file"))?;
    Ok(sqlite::reading(path, store.options()))
}

impl Store {
    /// Opens the database. Creates an SQLite file that does not exist, readable by its owner only; creates no table.
    ///
    /// # Errors
    /// [`Locked`](StoreError::Locked) when another server has the SQLite file open,
    /// [`Unavailable`](StoreError::Unavailable) when the database does not answer within the acquire timeout, and
    /// [`Other`](StoreError::Other) when the URL is not usable.
    pub async fn open(options: &StoreOptions) -> Result<Self, StoreError> {
        let suspicion = Arc::new(Suspicion::new());
        let engine = Engine::of_url(&options.url)
            .ok_or_else(|| StoreError::other("the database URL must begin with sqlite:// or postgres://"))?;
        let (readers, writer, file) = match engine {
            Engine::Sqlite => {
                let file = sqlite::LockedFile::of_url(&options.url, options.serves)?;
                let writer = sqlite::writer(file.path(), options).await?;
                let readers = sqlite::readers(file.path(), options).await?;
                (readers, writer, Some(file))
            }
            Engine::Postgres => {
                let pool = postgres::pool(options, &suspicion).await?;
                (pool.clone(), pool, None)
            }
        };
        let inner = Inner {
            engine,
            options: options.clone(),
            readers,
            writer,
            suspicion,
            jitter_draws: AtomicU64::new(options.jitter_seed),
            file,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The engine that keeps the register.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.inner.engine
    }

    /// Connections for reads that release nothing: lists, account pages. On SQLite they cannot write.
    #[must_use]
    pub fn readers(&self) -> &DatabaseConnection {
        &self.inner.readers
    }

    /// Where writes go: SQLite's one writer connection, shared with the lane; on PostgreSQL the general pool.
    /// Transactions go through [`Store::unit_of_work`]; this is for migrations and single statements.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.inner.writer
    }

    /// A connection for one lane: on PostgreSQL one of its own, opened at its first use; on SQLite the one writer.
    #[must_use]
    pub fn lane_connection(&self) -> LaneConnection {
        LaneConnection::new(self.clone())
    }

    /// The SQLite file; `None` on PostgreSQL.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.inner.file.as_ref().map(sqlite::LockedFile::path)
    }

    /// The SQLite database's lock file; `None` on PostgreSQL. It stays when the server ends; only the lock goes.
    #[must_use]
    pub fn sqlite_lock_path(&self) -> Option<PathBuf> {
        self.sqlite_path().map(sqlite::lock_path)
    }

    /// Asks the database for a sign of life, for health checks.
    ///
    /// # Errors
    /// [`Unavailable`](StoreError::Unavailable) when it does not answer, or is a standby that cannot commit;
    /// [`DeadlinePassed`](StoreError::DeadlinePassed).
    pub async fn ping(&self, deadline: Instant) -> Result<(), StoreError> {
        let question = match self.engine() {
            Engine::Sqlite => "SELECT 0",
            Engine::Postgres => "SELECT CAST(pg_is_in_recovery() AS int4)",
        };
        let statement = sea_orm::Statement::from_string(self.engine().backend(), question);
        let answer = timeout_at(deadline, self.readers().query_one_raw(statement)).await;
        let row = answer.map_err(|_| StoreError::DeadlinePassed)??.ok_or(StoreError::Unavailable)?;
        let in_recovery: i32 = row.try_get_by_index(0)?;
        if in_recovery == 0 { Ok(()) } else { Err(StoreError::Unavailable) }
    }

    /// Closes the connections, waiting at most five seconds for those in use. Later calls fail as unavailable.
    pub async fn close(&self) {
        for connection in [self.readers(), self.writer()] {
            if timeout(CLOSE_WAIT_MAX, connection.close_by_ref()).await.is_err() {
                tracing::warn!("database connections were still in use at closing");
            }
        }
    }

    pub(crate) fn options(&self) -> &StoreOptions {
        &self.inner.options
    }

    pub(crate) fn suspicion(&self) -> &Arc<Suspicion> {
        &self.inner.suspicion
    }

    pub(crate) fn jitter_draws(&self) -> &AtomicU64 {
        &self.inner.jitter_draws
    }
}
