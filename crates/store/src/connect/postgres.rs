//! PostgreSQL: a pool for everything, and a connection of its own for each lane.

use std::{str::FromStr, sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::{
        ConnectOptions as _, Connection as _, Error, PgConnection, PgPool, Row as _,
        postgres::{PgConnectOptions, PgPoolOptions},
    },
};
use tokio::time::timeout;

use super::{StoreOptions, Suspicion, suspicion::Question};
use crate::StoreError;

/// Prepared statements kept per connection: all of the register's, with room.
const STATEMENTS_CACHED_MAX: usize = 256;
/// How often a backend that waits (for a lock, say) looks whether its client is still there.
const CLIENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// A connection that idled this long is tried before it is used: firewalls forget.
const TRUST_IDLE_MAX: Duration = Duration::from_secs(30);
/// How long a connection that comes back may take to show that it is alive, before it is cut. Shorter
/// than whoever waits for a connection waits, so that its place is free in time.
const RETURN_CHECK_MAX: Duration = Duration::from_millis(500);
/// Connections of one lane.
const LANE_CONNECTIONS: u32 = 1;

/// Settings of a lane's sessions. Its statements are few, are looked up by key and come with arrays of any length;
/// a plan made once and by index beats one made anew for the numbers at hand.
const LANE_SETTINGS: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// Settings of the general pool's sessions. Rows are looked up one by one and mostly cached, so an index costs hardly more
/// than reading on; no statement is long enough for its compilation to pay.
const POOL_SETTINGS: [(&str, &str); 2] = [("random_page_cost", "1.1"), ("jit", "off")];

/// The general pool. Waits for the database at most as long as for a connection.
pub(super) async fn pool(
    options: &StoreOptions,
    suspicion: &Arc<Suspicion>,
) -> Result<DatabaseConnection, StoreError> {
    let session = session(options)?.application_name(&options.application_name).options(POOL_SETTINGS);
    let suspicion = Arc::clone(suspicion);
    let mut pool = connect_options(session, options.pool_max.max(1), options.acquire_timeout);
    pool.test_before_acquire_if_idle_for(TRUST_IDLE_MAX)
        .map_sqlx_postgres_pool_opts(move |pool| check_on_return(pool, Arc::clone(&suspicion)));
    Ok(Database::connect(pool).await?)
}

/// A lane's own connection, opened at its first use: nothing here waits for the database.
pub(super) async fn lane(options: &StoreOptions) -> Result<DatabaseConnection, StoreError> {
    let session = session(options)?
        .application_name(&format!("{}-lane", options.application_name))
        .options(LANE_SETTINGS);
    let mut pool = connect_options(session, LANE_CONNECTIONS, options.lane_acquire_timeout);
    // A turn that is given up throws the pool away, so what comes back need not be suspected. Each turn would
    // wait for the question.
    pool.idle_timeout(None).max_lifetime(None).test_before_acquire(false).connect_lazy(true);
    Ok(Database::connect(pool).await?)
}

/// A pool of one connection that only listens, opened at its first use.
pub(crate) fn listening_pool(options: &StoreOptions) -> Result<PgPool, StoreError> {
    let session = session(options)?.application_name(&format!("{}-signals", options.application_name));
    Ok(PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(options.acquire_timeout)
        .connect_lazy_with(session))
}

fn session(options: &StoreOptions) -> Result<PgConnectOptions, StoreError> {
    let milliseconds = |limit: Duration| limit.as_millis().to_string();
    Ok(PgConnectOptions::from_str(&options.url)
        .map_err(|_| StoreError::other("the PostgreSQL URL is not usable"))?
        .statement_cache_capacity(STATEMENTS_CACHED_MAX)
        .options([
            ("statement_timeout", milliseconds(options.statement_timeout)),
            ("lock_timeout", milliseconds(options.lock_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(options.idle_in_transaction_timeout)),
            ("client_connection_check_interval", milliseconds(CLIENT_CHECK_INTERVAL)),
        ])
        .disable_statement_logging())
}

fn connect_options(
    session: PgConnectOptions,
    connections_max: u32,
    acquire_timeout: Duration,
) -> ConnectOptions {
    // The URL only chooses the driver and, unlike the real one, holds no password that a trace could show.
    let mut pool = ConnectOptions::new("postgres://store");
    pool.max_connections(connections_max)
        .acquire_timeout(acquire_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_postgres_opts(move |_| session.clone());
    pool
}

/// Looks at connections that come back to the pool, in the background, and cuts those that do not answer or are
/// still in a transaction. Without it, sqlx waits for the answer of a frozen server for ever, and the pool drains.
fn check_on_return(pool: PgPoolOptions, suspicion: Arc<Suspicion>) -> PgPoolOptions {
    pool.after_release(move |connection, _| {
        let suspicion = Arc::clone(&suspicion);
        Box::pin(async move {
            let check = async {
                match suspicion.question() {
                    Question::None => return Ok(()),
                    Question::Alive => connection.ping().await?,
                    Question::OutsideTransaction => outside_transaction(connection).await?,
                }
                suspicion.note_alive();
                Ok(())
            };
            // An error makes the pool close the connection without another word to the server.
            timeout(RETURN_CHECK_MAX, check).await.unwrap_or(Err(Error::PoolTimedOut))?;
            Ok(true)
        })
    })
}

/// In a transaction `now()` is when that began; outside of one, when the statement did. So the question leaves no
/// warning in the server's log, which a ROLLBACK outside of a transaction would.
async fn outside_transaction(connection: &mut PgConnection) -> Result<(), Error> {
    let row = sea_orm::sqlx::query("SELECT now() = statement_timestamp()").fetch_one(connection).await?;
    if row.try_get::<bool, _>(0)? { Ok(()) } else { Err(Error::BeginFailed) }
}
