//! The connection a lane begins its turns on.

use std::sync::{Arc, Mutex, PoisonError};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::timeout;

use super::{CLOSE_WAIT_MAX, Store, postgres};
use crate::{Engine, StoreError};

/// One lane's way to the database. Clones share it.
///
/// On PostgreSQL it is a pool of exactly one connection, set to plans by index. On SQLite it is the store's one
/// writer, which the units of work use too.
#[derive(Clone, Debug)]
pub struct LaneConnection {
    store: Store,
    /// PostgreSQL only; `None` before the first use and after [`LaneConnection::replace`].
    current: Arc<Mutex<Option<DatabaseConnection>>>,
}

impl LaneConnection {
    pub(super) fn new(store: Store) -> Self {
        Self { store, current: Arc::default() }
    }

    /// Begins a transaction; on SQLite an immediate one, for a deferred one that reads and then writes fails with
    /// "database is locked" at once, whatever the timeout.
    ///
    /// Only to be called from a lane's task, which no client can cancel: see [`crate::lane`]. When this future is
    /// given up all the same, [`LaneConnection::replace`] must follow.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database does not answer in time.
    pub async fn begin(&self) -> Result<DatabaseTransaction, StoreError> {
        begin(&self.connection().await?).await
    }

    /// Throws the connection away; the next [`begin`](LaneConnection::begin) makes a new one. Never waits: the old
    /// one is closed in the background. On SQLite there is nothing to throw away: what was given up is rolled back
    /// by the writer's own thread before it takes anything else.
    pub async fn replace(&self) {
        let old = self.current.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(old) = old {
            // Calling it marks the pool closed, so that the connection is cut when it comes back.
            drop(old.get_postgres_connection_pool().close());
            tokio::spawn(async move {
                let _ = timeout(CLOSE_WAIT_MAX, old.close_by_ref()).await;
            });
        }
    }

    /// Commits what [`LaneConnection::begin`] began.
    ///
    /// # Errors
    /// [`StoreError::OutcomeUnknown`] when the connection is lost on the way.
    pub async fn commit(&self, transaction: DatabaseTransaction) -> Result<(), StoreError> {
        transaction.commit().await.map_err(|error| StoreError::from(error).during_commit())
    }

    /// The engine behind it.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.store.engine()
    }

    /// The connection itself, for a turn that reads in one statement and writes in one. The same rule holds as
    /// for [`LaneConnection::begin`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when a new one is needed and cannot be made.
    pub async fn connection(&self) -> Result<DatabaseConnection, StoreError> {
        if self.store.engine() == Engine::Sqlite {
            return Ok(self.store.writer().clone());
        }
        if let Some(current) = &*self.current.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(current.clone());
        }
        // Does not touch the network, so a second one made by a racing clone costs nothing.
        let fresh = postgres::lane(self.store.options()).await?;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(current.get_or_insert(fresh).clone())
    }
}

/// The one place that begins a transaction.
#[expect(
    clippy::disallowed_methods,
    reason = "called from lanes and units of work only, which own their task"
)]
pub(crate) async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let options = match Engine::of(connection) {
        Engine::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
        Engine::Postgres => TransactionOptions::default(),
    };
    Ok(connection.begin_with_options(options).await?)
}
