//! One server per file, and how the file is opened.

use std::os::unix::fs::PermissionsExt;

use kortisto_store::{Engine, Retryable, Store, StoreError, StoreOptions};

use crate::{TABLE, insert, insert_in_unit, number, run, text, within};

fn options(folder: &tempfile::TempDir) -> StoreOptions {
    StoreOptions::new(format!("sqlite://{}", folder.path().join("register.db").display()))
}

#[tokio::test]
async fn a_second_server_on_one_file_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(&options(&folder)).await.unwrap();
    let lane = first.lane_connection();
    let error = Store::open(&options(&folder)).await.unwrap_err();
    let path = folder.path().join("register.db").display().to_string();
    assert_eq!(error, StoreError::Locked { path: path.clone() });
    assert!(error.to_string().contains(&path) && !error.retryable(), "{error}");

    // The lock is held as long as anything can still write.
    drop(first);
    assert!(matches!(Store::open(&options(&folder)).await, Err(StoreError::Locked { .. })));
    drop(lane);
    Store::open(&options(&folder)).await.unwrap();
}

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&options(&folder)).await.unwrap();
    run(store.writer(), TABLE).await.unwrap();
    assert_eq!(store.sqlite_path(), Some(&*folder.path().join("register.db")));
    assert_eq!(store.sqlite_lock_path(), Some(folder.path().join("register.db.lock")));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn the_file_is_opened_to_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&options(&folder)).await.unwrap();
    assert_eq!(store.engine(), Engine::Sqlite);
    assert_eq!(text(store.writer(), "PRAGMA journal_mode").await, "wal");
    for (pragma, writer, reader) in [
        ("synchronous", 2, 2),
        ("foreign_keys", 1, 1),
        ("trusted_schema", 0, 0),
        ("cell_size_check", 1, 1),
        ("busy_timeout", 1000, 1000),
        ("cache_size", -32768, -8192),
    ] {
        let pragma = format!("PRAGMA {pragma}");
        assert_eq!(number(store.writer(), &pragma).await, writer, "{pragma}");
        assert_eq!(number(store.readers(), &pragma).await, reader, "{pragma}");
    }
}

#[tokio::test]
async fn readers_see_what_is_committed_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&options(&folder)).await.unwrap();
    run(store.writer(), TABLE).await.unwrap();
    insert_in_unit(&store, 1, within(5000)).await.unwrap();
    assert_eq!(number(store.readers(), "SELECT count(*) FROM number").await, 1);
    assert!(insert(store.readers(), 2).await.is_err());
    assert_eq!(number(store.readers(), "SELECT count(*) FROM number").await, 1);
}

#[tokio::test]
async fn constraints_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&options(&folder)).await.unwrap();
    let writer = store.writer();
    run(writer, TABLE).await.unwrap();
    run(writer, "CREATE TABLE child (id BIGINT PRIMARY KEY REFERENCES number(id), n INT CONSTRAINT low CHECK (n < 9))")
        .await
        .unwrap();
    insert(writer, 1).await.unwrap();
    assert_eq!(insert(writer, 1).await, Err(StoreError::Unique { constraint: Some("number.id".into()) }));
    assert_eq!(
        run(writer, "INSERT INTO child VALUES (2, 0)").await,
        Err(StoreError::ForeignKey { constraint: None })
    );
    assert_eq!(
        run(writer, "INSERT INTO child VALUES (1, 9)").await,
        Err(StoreError::Check { constraint: Some("low".into()) })
    );
    assert_eq!(run(writer, "INSERT INTO absent VALUES (1)").await, Err(StoreError::SchemaStale));
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_explained() {
    for url in ["mysql://localhost/register", "register.db", "sqlite::memory:", "sqlite:///nowhere/at/all.db"]
    {
        let error = Store::open(&StoreOptions::new(url)).await.unwrap_err();
        assert!(matches!(error, StoreError::Other { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_store_that_was_closed_says_that_it_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&options(&folder)).await.unwrap();
    store.ping(within(5000)).await.unwrap();
    store.close().await;
    assert_eq!(store.ping(within(5000)).await, Err(StoreError::Unavailable));
    assert_eq!(insert_in_unit(&store, 1, within(1000)).await, Err(StoreError::Unavailable));
}
