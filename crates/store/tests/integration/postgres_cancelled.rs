//! sqlx 0.9.0 loses acknowledged writes when a `begin` is cancelled (transact-rs/sqlx#4385 and #4393). Nothing that
//! writes through the store may.

use std::time::Duration;

use kortisto_store::{Store, StoreOptions};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, TransactionTrait};
use tokio::time::{sleep, timeout};

use crate::{TABLE, cluster::Cluster, insert, insert_in_unit, latency::relay_to, lost, run, within};

/// Long enough that every step of a unit of work is interrupted several times.
const ROUNDS: i64 = 60;

/// Moments from before BEGIN is sent to after COMMIT has been answered, at 3 ms each way.
fn moment(round: i64) -> Duration {
    Duration::from_micros(u64::try_from(round * 617 % 26_000).unwrap())
}

/// A store with one connection, behind the relay, so that whatever is left on it is met by the next one; and a
/// witness that is not.
async fn store_and_witness(cluster: &Cluster) -> (Store, DatabaseConnection) {
    let witness = Database::connect(cluster.url()).await.unwrap();
    run(&witness, TABLE).await.unwrap();
    let port = relay_to(cluster.port).await;
    let mut options = StoreOptions::new(format!("postgres://postgres@127.0.0.1:{port}/postgres"));
    options.pool_max = 1;
    (Store::open(&options).await.unwrap(), witness)
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_no_acknowledged_write() {
    let cluster = Cluster::start();
    let (store, witness) = store_and_witness(&cluster).await;
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let caller = {
            let store = store.clone();
            tokio::spawn(async move { insert_in_unit(&store, round, within(5000)).await })
        };
        sleep(moment(round)).await;
        caller.abort();
        if let Ok(Ok(())) = caller.await {
            acknowledged.push(round);
        }
        insert(store.writer(), 1000 + round).await.unwrap();
        acknowledged.push(1000 + round);
    }
    assert_eq!(lost(&witness, &acknowledged).await, Vec::<i64>::new());
    let cancelled = acknowledged.len() < 2 * usize::try_from(ROUNDS).unwrap();
    assert!(cancelled, "every caller was answered: nothing was tried");
}

#[tokio::test]
async fn a_deadline_that_falls_into_begin_loses_no_acknowledged_write() {
    let cluster = Cluster::start();
    let (store, witness) = store_and_witness(&cluster).await;
    let mut acknowledged = Vec::new();
    let mut late = 0;
    for round in 0..ROUNDS {
        let deadline = tokio::time::Instant::now() + moment(round);
        match insert_in_unit(&store, round, deadline).await {
            Ok(()) => acknowledged.push(round),
            Err(_) => late += 1,
        }
        insert(store.writer(), 1000 + round).await.unwrap();
        acknowledged.push(1000 + round);
    }
    assert!(late > ROUNDS / 4, "only {late} passed their deadline");
    assert_eq!(lost(&witness, &acknowledged).await, Vec::<i64>::new());
}

/// The trap itself, on a bare pool: the tests above are worth something as long as this one passes. When it fails
/// sqlx has been mended, and `connect::suspicion` may go.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "shows why it is disallowed")]
async fn the_trap_is_real() {
    let cluster = Cluster::start();
    let witness = Database::connect(cluster.url()).await.unwrap();
    run(&witness, TABLE).await.unwrap();
    let port = relay_to(cluster.port).await;
    let mut options = ConnectOptions::new(format!("postgres://postgres@127.0.0.1:{port}/postgres"));
    let bare = Database::connect(options.max_connections(1).sqlx_logging(false).clone()).await.unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let _ = timeout(moment(round), bare.begin()).await;
        if insert(&bare, round).await.is_ok() {
            acknowledged.push(round);
        }
    }
    bare.close().await.unwrap();
    assert_ne!(lost(&witness, &acknowledged).await, Vec::<i64>::new());
}
