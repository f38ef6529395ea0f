//! Real servers, treated as tests will treat them.

use super::{Cluster, Database, Error, PrivateCluster, Settings, Template};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, Statement, TryGetable,
};
use std::{
    env, fs,
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(30);

/// Long enough to be sure that nothing comes.
const SILENCE: Duration = Duration::from_millis(300);

async fn connect(url: String) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).acquire_timeout(Duration::from_secs(2)).sqlx_logging(false);
    sea_orm::Database::connect(options).await
}

async fn ask<T: TryGetable>(database: &DatabaseConnection, query: &str) -> Result<T, DbErr> {
    let row = database.query_one_raw(Statement::from_string(DbBackend::Postgres, query)).await?;
    row.unwrap().try_get_by_index(0)
}

async fn run(url: String, statement: &str) -> Result<(), DbErr> {
    let database = connect(url).await?;
    database.execute_unprepared(statement).await?;
    database.close().await
}

async fn count(database: &Database) -> i64 {
    ask(&connect(database.url()).await.unwrap(), "SELECT count(*) FROM loan").await.unwrap()
}

async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !reached() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_shared_one_is_one_and_does_not_sync() {
    let (one, other) = tokio::join!(Cluster::shared(), Cluster::shared());
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.address(), other.address());
    let database = connect(one.url("postgres")).await.unwrap();
    for (parameter, value) in [("fsync", "off"), ("synchronous_commit", "off"), ("max_connections", "300")] {
        let shown: String = ask(&database, &format!("SHOW {parameter}")).await.unwrap();
        assert_eq!(shown, value, "{parameter}");
    }
}

#[tokio::test]
async fn a_template_is_made_once_and_copied() {
    let cluster = Cluster::shared().await.unwrap();
    let name = format!("once_{}", std::process::id());
    let made = AtomicU32::new(0);
    let ensure = || {
        cluster.ensure_template(&name, async |url| {
            made.fetch_add(1, Ordering::SeqCst);
            run(url, "CREATE TABLE loan (id int); INSERT INTO loan VALUES (1)").await
        })
    };
    let (one, other, third) = tokio::join!(ensure(), ensure(), ensure());
    assert_eq!(
        (other.unwrap(), third.unwrap()),
        (one.as_ref().unwrap().clone(), one.as_ref().unwrap().clone())
    );
    assert_eq!(made.load(Ordering::SeqCst), 1);

    let template = one.unwrap();
    let (left, right) =
        tokio::join!(cluster.create_database_from(&template), cluster.create_database_from(&template));
    let (left, right) = (left.unwrap(), right.unwrap());
    run(left.url(), "INSERT INTO loan VALUES (2)").await.unwrap();
    assert_eq!((count(&left).await, count(&right).await), (2, 1));

    let (url, open) = (left.url(), connect(left.url()).await.unwrap());
    drop(left);
    let deadline = Instant::now() + LIMIT;
    while connect(url.clone()).await.is_ok() {
        assert!(Instant::now() < deadline, "a dropped database stays");
    }
    drop(open);
}

#[tokio::test]
async fn a_failed_migration_is_told_and_tried_again() {
    let cluster = Cluster::shared().await.unwrap();
    let name = format!("failed_{}", std::process::id());
    let outcome = cluster.ensure_template(&name, async |url| run(url, "CREATE TABLE (").await).await;
    assert!(matches!(outcome, Err(Error::Migration(text)) if text.contains("syntax error")));
    let table = async |url| run(url, "CREATE TABLE loan (id int)").await;
    let template = cluster.ensure_template(&name, table).await.unwrap();
    assert_eq!(count(&cluster.create_database_from(&template).await.unwrap()).await, 0);
}

#[tokio::test]
async fn a_durable_one_keeps_what_it_acknowledged_through_a_kill() {
    let cluster = Cluster::private(Settings::durable()).await.unwrap();
    let database = cluster.create_database_from(&Template::empty()).await.unwrap();
    run(database.url(), "CREATE TABLE loan (id int); INSERT INTO loan VALUES (1)").await.unwrap();
    let open = connect(database.url()).await.unwrap();
    cluster.kill9().await;
    assert!(open.ping().await.is_err());
    assert!(TcpStream::connect(cluster.address()).is_err());
    cluster.restart().await.unwrap();
    assert_eq!(count(&database).await, 1);
    cluster.stop().await;
    assert!(TcpStream::connect(cluster.address()).is_err());
    cluster.restart().await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn a_frozen_one_says_nothing_and_goes_on_after_the_thaw() {
    let cluster = Cluster::private(Settings::default().set("work_mem", "5MB")).await.unwrap();
    let open = connect(cluster.url("postgres")).await.unwrap();
    assert_eq!(ask::<String>(&open, "SHOW work_mem").await.unwrap(), "5MB");
    cluster.freeze().await;
    let mut question = Box::pin(ask::<i32>(&open, "SELECT 1"));
    assert!(timeout(SILENCE, &mut question).await.is_err());
    assert!(timeout(SILENCE, connect(cluster.url("postgres"))).await.is_err());
    cluster.thaw().await;
    assert_eq!(timeout(LIMIT, question).await.unwrap().unwrap(), 1);
    cluster.freeze().await;
    let address = cluster.address();
    drop(cluster);
    assert!(TcpStream::connect(address).is_err(), "a frozen one ends too");
}

/// The environment variable in which the owner below gets the file to write to.
const REPORT_VARIABLE: &str = "KORTISTO_TESTKIT_REPORT";

#[tokio::test]
#[ignore = "the owner that the next test starts and kills"]
async fn owner() {
    let cluster: PrivateCluster = Cluster::private(Settings::default()).await.unwrap();
    fs::write(env::var_os(REPORT_VARIABLE).unwrap(), cluster.address().to_string()).unwrap();
    sleep(LIMIT).await;
}

#[tokio::test]
async fn nothing_is_left_when_its_owner_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("address");
    let mut owner = Command::new(env::current_exe().unwrap())
        .args(["--exact", "postgres::tests::owner", "--ignored"])
        .env(REPORT_VARIABLE, &report)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let address =
        || fs::read_to_string(&report).ok().and_then(|text| text.parse::<std::net::SocketAddr>().ok());
    until("the cluster of the owner", || address().is_some()).await;
    let address = address().unwrap();
    let data = data_of_server_at(address.port());
    assert!(Path::new(&data).exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    until("the end of the server", || TcpStream::connect(address).is_err()).await;
    until("the end of its files", || !Path::new(&data).exists()).await;
}

/// The data directory in the command line of the server that was told to listen at `port`.
fn data_of_server_at(port: u16) -> String {
    let command_lines = fs::read_dir("/proc").unwrap().flatten();
    let found = command_lines
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .find_map(|line| {
            let arguments: Vec<&str> = line.split('\0').collect();
            let place = arguments.iter().position(|argument| *argument == "-D")?;
            arguments.contains(&format!("--port={port}").as_str()).then(|| arguments[place + 1].to_owned())
        });
    found.unwrap()
}
