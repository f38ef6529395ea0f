//! Who waits for whom in PostgreSQL. On SQLite there is one writer, and nobody comes in between.

use kortisto_store::{Store, StoreError};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, DbBackend, Statement};
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Longer than anybody has to wait.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many transactions on this database wait for a row that another one holds.
///
/// # Panics
/// When the database does not answer.
pub async fn waiting(store: &Store) -> i64 {
    let row = store.writer().query_one_raw(Statement::from_string(DbBackend::Postgres, WAITING)).await;
    row.expect("the database").expect("a row").try_get_by_index(0).expect("a count")
}

/// What comes of `other` when it begins while a transaction has done `work` and not committed. That one commits as soon as
/// `other` waits for it.
///
/// # Panics
/// When `work` fails, or `other` does not wait.
pub async fn meanwhile<T, W>(store: &Store, work: W, other: impl Future<Output = T>) -> T
where
    W: for<'t> Fn(
            &'t DatabaseTransaction,
        ) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 't>>
        + Send
        + Sync
        + 'static,
{
    let (done, commit, work) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(work));
    let first = tokio::spawn({
        let (store, done, commit) = (store.clone(), Arc::clone(&done), Arc::clone(&commit));
        async move {
            let unit = store.unit_of_work("meanwhile", Instant::now() + PATIENCE, move |transaction| {
                let (done, commit, work) = (Arc::clone(&done), Arc::clone(&commit), Arc::clone(&work));
                Box::pin(async move {
                    work(transaction).await?;
                    done.notify_one();
                    commit.notified().await;
                    Ok::<_, StoreError>(())
                })
            });
            unit.await
        }
    });
    done.notified().await;
    tokio::pin!(other);
    let somebody_waits = async {
        while waiting(store).await == 0 {
            sleep(PAUSE).await;
        }
    };
    tokio::select! {
        _ = &mut other => panic!("it does not wait"),
        () = somebody_waits => commit.notify_one(),
    }
    first.await.expect("no panic").expect("what is done meanwhile");
    other.await
}
