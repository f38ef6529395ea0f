//! What can be set about a store.

use std::{fmt, time::Duration};

/// Connections of the PostgreSQL pool: about four per core of a small database server.
const POOL_CONNECTIONS_MAX: u32 = 16;
/// Reader connections on SQLite.
const SQLITE_READERS: u32 = 4;
/// How long a caller waits for a connection. Well inside the shortest deadline of the contract, 2 s, so that a
/// database that is gone is answered as such.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);
/// The longest a lane waits for its connection: a door wants its refusal while somebody still stands there. A turn
/// whose connection broke waits for a new one at each of its tries, and all of them have to fit into 2 s.
const LANE_ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);
/// The longest a statement may run on PostgreSQL. Does not end a COMMIT that waits for a standby.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest a statement may wait for a lock: PostgreSQL's `lock_timeout`, SQLite's `busy_timeout`.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);
/// How long PostgreSQL lets a session idle inside a transaction before it ends it, freeing its locks.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);

/// How to reach the database, and its bounds. [`StoreOptions::new`] gives the values the register runs with.
#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite://path` or `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=file`.
    /// The whole of libpq's `sslmode` is understood; TLS is by rustls.
    pub url: String,
    /// SQLite: whether this process serves, which only one may do with a file. An operator's command beside a
    /// running server does not, and shares the writer's lock with it, transaction by transaction. Default true.
    pub serves: bool,
    /// PostgreSQL: connections of the general pool, at least 1. Default 16. SQLite always has one writer.
    pub pool_max: u32,
    /// SQLite: reader connections, at least 1. Default 4.
    pub sqlite_readers: u32,
    /// How long a caller waits for a connection. Default 1 s.
    pub acquire_timeout: Duration,
    /// How long a lane on PostgreSQL waits for its connection. Default 500 ms.
    pub lane_acquire_timeout: Duration,
    /// PostgreSQL: the longest a statement may run; zero for no limit (migrations). Default 3 s.
    pub statement_timeout: Duration,
    /// The longest a statement may wait for a lock. Default 1 s.
    pub lock_timeout: Duration,
    /// PostgreSQL: the longest a session may idle in a transaction. Default 5 s.
    pub idle_in_transaction_timeout: Duration,
    /// What PostgreSQL shows as `application_name`; a lane's has `-lane` behind it. Default `kortisto`.
    pub application_name: String,
    /// Where the sequence of pauses between retries starts. Servers that share a database should differ in it.
    /// Default 0.
    pub jitter_seed: u64,
}

impl StoreOptions {
    /// The defaults, for the database at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            serves: true,
            pool_max: POOL_CONNECTIONS_MAX,
            sqlite_readers: SQLITE_READERS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            lane_acquire_timeout: LANE_ACQUIRE_TIMEOUT,
            statement_timeout: STATEMENT_TIMEOUT,
            lock_timeout: LOCK_TIMEOUT,
            idle_in_transaction_timeout: IDLE_IN_TRANSACTION_TIMEOUT,
            application_name: "kortisto".to_owned(),
            jitter_seed: 0,
        }
    }
}

/// Without the URL, which may hold a password.
impl fmt::Debug for StoreOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoreOptions")
            .field("pool_max", &self.pool_max)
            .field("sqlite_readers", &self.sqlite_readers)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_in_the_url_is_not_shown() {
        let options = StoreOptions::new("postgres://kortisto:canary@db/kortisto");
        assert!(!format!("{options:?}").contains("canary"));
    }
}
