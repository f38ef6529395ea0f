//! Questions about everything that a database holds, which take longer than a statement of the register may.

use kortisto_store::{Engine, Store, StoreError};
use sea_orm::{ConnectionTrait as _, DbBackend, QueryResult, Statement};
use std::time::Duration;
use tokio::time::Instant;

/// How long a question may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Every row of a question.
///
/// # Errors
/// [`StoreError`].
pub async fn query_all(store: &Store, sql: &str) -> Result<Vec<QueryResult>, StoreError> {
    // SQLite knows no limit, and its one writer need not be held for a question.
    if store.engine() == Engine::Sqlite {
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        return Ok(store.writer().query_all_raw(statement).await?);
    }
    let sql = sql.to_owned();
    store
        .unit_of_work("patient", Instant::now() + PATIENCE, move |transaction| {
            let sql = sql.clone();
            Box::pin(async move {
                transaction.execute_unprepared("set local statement_timeout = 0").await?;
                let statement = Statement::from_string(DbBackend::Postgres, sql);
                Ok(transaction.query_all_raw(statement).await?)
            })
        })
        .await
}
