//! Sessions, deadlines and lost connections on PostgreSQL.

use std::time::Duration;

use kortisto_store::{Engine, Store, StoreError, StoreOptions};
use sea_orm::Database;
use tokio::time::{Instant, timeout};

use crate::{TABLE, cluster::Cluster, insert, insert_in_unit, number, run, text, within, work};

async fn store(cluster: &Cluster, set: impl FnOnce(&mut StoreOptions)) -> Store {
    let mut options = StoreOptions::new(cluster.url());
    set(&mut options);
    let store = Store::open(&options).await.unwrap();
    run(store.writer(), TABLE).await.unwrap();
    store
}

#[tokio::test]
async fn sessions_are_set_up_for_what_they_do() {
    let cluster = Cluster::start();
    let store = store(&cluster, |_| {}).await;
    assert_eq!((store.engine(), store.sqlite_path()), (Engine::Postgres, None));
    store.ping(within(5000)).await.unwrap();
    let lane = store.lane_connection();
    let turn = lane.begin().await.unwrap();
    for (setting, pool, own) in [
        ("application_name", "kortisto", "kortisto-lane"),
        ("statement_timeout", "3s", "3s"),
        ("lock_timeout", "1s", "1s"),
        ("idle_in_transaction_session_timeout", "5s", "5s"),
        ("client_connection_check_interval", "1s", "1s"),
        ("plan_cache_mode", "auto", "force_generic_plan"),
        ("enable_seqscan", "on", "off"),
        ("enable_hashjoin", "on", "off"),
        ("enable_mergejoin", "on", "off"),
        ("random_page_cost", "1.1", "4"),
        ("jit", "off", "off"),
    ] {
        let show = format!("SHOW {setting}");
        assert_eq!(text(store.writer(), &show).await, pool, "{setting}");
        assert_eq!(text(&turn, &show).await, own, "{setting}");
    }
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kortisto-lane'";
    lane.commit(turn).await.unwrap();
    for _ in 0..3 {
        lane.commit(lane.begin().await.unwrap()).await.unwrap();
    }
    assert_eq!(number(store.readers(), connections).await, 1);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_unavailable() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut options = StoreOptions::new(format!("postgres://postgres:canary@{closed}/postgres"));
    options.acquire_timeout = Duration::from_millis(300);
    let start = Instant::now();
    let error = Store::open(&options).await.unwrap_err();
    assert_eq!(error, StoreError::Unavailable);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn faults_are_told_apart_and_say_nothing_of_rows() {
    let cluster = Cluster::start();
    let store = store(&cluster, |options| options.statement_timeout = Duration::from_millis(200)).await;
    let writer = store.writer();
    run(writer, "CREATE TABLE child (id BIGINT PRIMARY KEY REFERENCES number(id), n INT CONSTRAINT low CHECK (n < 9))")
        .await
        .unwrap();
    insert(writer, 7_654_321).await.unwrap();
    let named = |name: &str| Some(name.to_owned());
    for (sql, error) in [
        ("INSERT INTO number VALUES (7654321)", StoreError::Unique { constraint: named("number_pkey") }),
        ("INSERT INTO child VALUES (2, 0)", StoreError::ForeignKey { constraint: named("child_id_fkey") }),
        ("INSERT INTO child VALUES (7654321, 9)", StoreError::Check { constraint: named("low") }),
        ("INSERT INTO number VALUES (NULL)", StoreError::Check { constraint: named("id") }),
        ("SELECT nothing FROM number", StoreError::SchemaStale),
        ("SELECT pg_sleep(5)", StoreError::DeadlinePassed),
        ("SELECT CAST('7654321x' AS int4)", StoreError::Other { what: "SQLSTATE 22P02".into() }),
    ] {
        let met = run(writer, sql).await.unwrap_err();
        assert_eq!(met, error, "{sql}");
        assert!(!format!("{met} {met:?}").contains("7654321"), "{met:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_resolved_by_trying_again() {
    let cluster = Cluster::start();
    let store = store(&cluster, |_| {}).await;
    insert(store.writer(), 0).await.unwrap();
    insert(store.writer(), 1).await.unwrap();
    let crosswise = |first: i64| {
        let store = store.clone();
        let unit = work::<(), StoreError, _>(move |transaction| {
            Box::pin(async move {
                for id in [first, 1 - first] {
                    run(transaction, &format!("UPDATE number SET hits = hits + 1 WHERE id = {id}")).await?;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Ok(())
            })
        });
        async move { store.unit_of_work("crosswise", within(10_000), unit).await }
    };
    for _ in 0..3 {
        let (one, other) = tokio::join!(crosswise(0), crosswise(1));
        assert_eq!((one, other), (Ok(()), Ok(())));
    }
    assert_eq!(number(store.readers(), "SELECT CAST(sum(hits) AS bigint) FROM number").await, 12);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'";
    // The statistics arrive when a backend finds the time.
    for _ in 0..50 {
        if number(store.readers(), deadlocks).await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("there was no deadlock: nothing was tried");
}

#[tokio::test]
async fn a_statement_that_hangs_costs_one_connection_not_the_pool() {
    let cluster = Cluster::start();
    let store = store(&cluster, |options| {
        options.pool_max = 1;
        options.statement_timeout = Duration::ZERO;
    })
    .await;
    let hang = work::<(), StoreError, _>(|transaction| {
        Box::pin(async move {
            insert(transaction, 1).await?;
            run(transaction, "SELECT pg_sleep(60)").await.map(drop)
        })
    });
    let start = Instant::now();
    let outcome = store.unit_of_work("hang", within(200), hang).await;
    assert_eq!(outcome, Err(StoreError::DeadlinePassed));
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    insert_in_unit(&store, 2, within(5000)).await.unwrap();
    assert_eq!(number(store.readers(), "SELECT CAST(sum(id) AS bigint) FROM number").await, 2);
}

#[tokio::test]
async fn a_read_that_is_given_up_costs_one_connection_not_the_pool() {
    let cluster = Cluster::start();
    let store = store(&cluster, |options| {
        options.pool_max = 1;
        options.statement_timeout = Duration::ZERO;
    })
    .await;
    let hang = run(store.readers(), "SELECT pg_sleep(60)");
    assert!(timeout(Duration::from_millis(300), hang).await.is_err());
    store.ping(within(5000)).await.unwrap();
}

#[tokio::test]
async fn a_lane_replaces_a_connection_that_hangs_without_waiting_for_it() {
    let cluster = Cluster::start();
    let store = store(&cluster, |options| options.statement_timeout = Duration::ZERO).await;
    let lane = store.lane_connection();
    let hang = async {
        let turn = lane.begin().await?;
        insert(&turn, 1).await?;
        run(&turn, "SELECT pg_sleep(60)").await
    };
    assert!(timeout(Duration::from_millis(200), hang).await.is_err());
    let start = Instant::now();
    lane.replace().await;
    let turn = lane.begin().await.unwrap();
    insert(&turn, 2).await.unwrap();
    lane.commit(turn).await.unwrap();
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    assert_eq!(number(store.readers(), "SELECT CAST(sum(id) AS bigint) FROM number").await, 2);
}

#[tokio::test]
async fn connections_cut_by_the_server_are_made_anew() {
    let cluster = Cluster::start();
    let store = store(&cluster, |_| {}).await;
    let lane = store.lane_connection();
    lane.commit(lane.begin().await.unwrap()).await.unwrap();
    let bystander = Database::connect(cluster.url()).await.unwrap();
    let cut =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'kortisto%'";
    run(&bystander, cut).await.unwrap();
    // Before anything was committed a lost connection is no loss, so the unit tries again.
    insert_in_unit(&store, 1, within(5000)).await.unwrap();
    // The lane's desk hears of it, and its next try goes through.
    if let Err(error) = lane.begin().await {
        assert_eq!(error, StoreError::Unavailable);
        lane.replace().await;
    }
    let turn = lane.begin().await.unwrap();
    insert(&turn, 2).await.unwrap();
    // Cut in the middle, COMMIT is left open.
    run(&bystander, cut).await.unwrap();
    assert_eq!(lane.commit(turn).await, Err(StoreError::OutcomeUnknown));
}
