//! Units of work and the lane's connection on SQLite.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};

use kortisto_store::{Retryable, Store, StoreError, StoreOptions, UNIT_TRIES_MAX};
use sea_orm::Database;
use tokio::{task::JoinSet, time::sleep};

use crate::{TABLE, insert, insert_in_unit, lost, number, run, within, work};

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("register.db").display());
    let store = Store::open(&StoreOptions::new(url)).await.unwrap();
    run(store.writer(), TABLE).await.unwrap();
    (folder, store)
}

/// Reads, thinks, then writes: what fails at once with "database is locked" in a deferred transaction when
/// somebody else wrote in between.
async fn count_up(store: &Store) -> Result<(), StoreError> {
    let unit = work::<(), StoreError, _>(|transaction| {
        Box::pin(async move {
            let hits = number(transaction, "SELECT hits FROM number WHERE id = 0").await;
            tokio::task::yield_now().await;
            run(transaction, &format!("UPDATE number SET hits = {} WHERE id = 0", hits + 1)).await.map(drop)
        })
    });
    store.unit_of_work("count_up", within(30_000), unit).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_then_writing_is_never_told_that_the_database_is_locked() {
    let (_folder, store) = store().await;
    insert(store.writer(), 0).await.unwrap();
    // Somebody with a shell on the server, or a backup tool, writes to the same file.
    let path = store.sqlite_path().unwrap().display();
    let intruder = Database::connect(format!("sqlite://{path}")).await.unwrap();
    run(&intruder, "CREATE TABLE other (n INT)").await.unwrap();
    let intruding = tokio::spawn(async move {
        loop {
            run(&intruder, "INSERT INTO other VALUES (1)").await.unwrap();
            sleep(Duration::from_micros(300)).await;
        }
    });
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for _ in 0..25 {
                count_up(&store).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    intruding.abort();
    assert_eq!(number(store.readers(), "SELECT hits FROM number").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_at_any_moment_lose_no_acknowledged_write() {
    let (_folder, store) = store().await;
    let mut acknowledged = Vec::new();
    for id in 0..300 {
        let caller = {
            let store = store.clone();
            tokio::spawn(async move { insert_in_unit(&store, id, within(5000)).await })
        };
        sleep(Duration::from_micros(u64::try_from(id * 37 % 1500).unwrap())).await;
        caller.abort();
        if let Ok(Ok(())) = caller.await {
            acknowledged.push(id);
        }
        insert(store.writer(), 1000 + id).await.unwrap();
        acknowledged.push(1000 + id);
    }
    assert_eq!(lost(store.readers(), &acknowledged).await, Vec::<i64>::new());
    assert!(acknowledged.len() < 600, "every caller was answered: nothing was tried");
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_its_work() {
    let (_folder, store) = store().await;
    let done = Arc::new(tokio::sync::Notify::new());
    let unit = {
        let done = Arc::clone(&done);
        work::<(), StoreError, _>(move |transaction| {
            let done = Arc::clone(&done);
            Box::pin(async move {
                sleep(Duration::from_millis(50)).await;
                insert(transaction, 1).await?;
                done.notify_one();
                Ok(())
            })
        })
    };
    let caller = store.unit_of_work("insert", within(5000), unit);
    assert!(tokio::time::timeout(Duration::from_millis(10), caller).await.is_err());
    tokio::time::timeout(Duration::from_secs(5), done.notified()).await.unwrap();
    // The writer is free again only when COMMIT is through.
    assert_eq!(number(store.writer(), "SELECT count(*) FROM number").await, 1);
}

#[tokio::test]
async fn a_panic_rolls_back_and_leaves_the_writer_usable() {
    let (_folder, store) = store().await;
    let unit = work::<(), StoreError, _>(|transaction| {
        Box::pin(async move {
            insert(transaction, 1).await?;
            panic!("as asked")
        })
    });
    let error = store.unit_of_work("panic", within(5000), unit).await.unwrap_err();
    assert_eq!(error.to_string(), "database fault: the work panicked");
    insert_in_unit(&store, 2, within(5000)).await.unwrap();
    assert_eq!(number(store.readers(), "SELECT sum(id) FROM number").await, 2);
}

#[tokio::test]
async fn work_past_its_deadline_is_rolled_back_and_leaves_the_writer_usable() {
    let (_folder, store) = store().await;
    let unit = work::<(), StoreError, _>(|transaction| {
        Box::pin(async move {
            insert(transaction, 1).await?;
            sleep(Duration::from_secs(60)).await;
            Ok(())
        })
    });
    let outcome = store.unit_of_work("late", within(100), unit).await;
    assert_eq!(outcome, Err(StoreError::DeadlinePassed));
    insert_in_unit(&store, 2, within(1000)).await.unwrap();
    assert_eq!(number(store.readers(), "SELECT sum(id) FROM number").await, 2);
}

/// An operation's own error.
#[derive(Debug, PartialEq)]
enum Refusal {
    CardUnknown,
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Retryable for Refusal {
    fn retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.retryable())
    }
}

#[tokio::test]
async fn an_error_is_tried_again_only_when_that_may_help_and_only_so_often() {
    let (_folder, store) = store().await;
    let busy = || Refusal::Store(StoreError::Busy);
    let unknown = || Refusal::CardUnknown;
    let rows = [
        (0, busy as fn() -> Refusal, 1, Ok(())),
        (2, busy, 3, Ok(())),
        (u32::MAX, busy, UNIT_TRIES_MAX, Err(busy())),
        (u32::MAX, unknown, 1, Err(Refusal::CardUnknown)),
    ];
    for (failures, error, tries, outcome) in rows {
        let tried = Arc::new(AtomicU32::new(0));
        let unit = {
            let tried = Arc::clone(&tried);
            work::<(), Refusal, _>(move |transaction| {
                let now = tried.fetch_add(1, SeqCst);
                Box::pin(async move {
                    run(transaction, "UPDATE number SET hits = hits + 1").await?;
                    if now < failures { Err(error()) } else { Ok(()) }
                })
            })
        };
        assert_eq!(store.unit_of_work("retry", within(5000), unit).await, outcome);
        assert_eq!(tried.load(SeqCst), tries);
    }
}

#[tokio::test]
async fn no_retry_goes_past_the_deadline() {
    let (_folder, store) = store().await;
    let tried = Arc::new(AtomicU32::new(0));
    let unit = {
        let tried = Arc::clone(&tried);
        work::<(), StoreError, _>(move |_| {
            tried.fetch_add(1, SeqCst);
            Box::pin(async {
                // Once fits, twice does not, and there is room for a machine that is busy.
                sleep(Duration::from_millis(600)).await;
                Err(StoreError::Busy)
            })
        })
    };
    assert_eq!(store.unit_of_work("busy", within(1000), unit).await, Err(StoreError::Busy));
    assert_eq!(tried.load(SeqCst), 1);
}

#[tokio::test]
async fn a_turn_that_is_dropped_is_rolled_back_and_the_next_one_begins() {
    let (_folder, store) = store().await;
    let lane = store.lane_connection();
    let turn = lane.begin().await.unwrap();
    insert(&turn, 1).await.unwrap();
    drop(turn);
    lane.replace().await;
    let turn = lane.begin().await.unwrap();
    insert(&turn, 2).await.unwrap();
    lane.commit(turn).await.unwrap();
    assert_eq!(number(store.readers(), "SELECT sum(id) FROM number").await, 2);
}
