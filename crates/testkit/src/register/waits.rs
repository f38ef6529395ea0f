//! Who waits for whom in PostgreSQL.

use super::TestRegister;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

impl TestRegister {
    /// How many transactions on its database wait for a row that another one holds. PostgreSQL only: SQLite has one writer.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn waiting(&self) -> i64 {
        let row =
            self.store.writer().query_one_raw(Statement::from_string(DbBackend::Postgres, WAITING)).await;
        row.expect("the database").expect("a row").try_get_by_index(0).expect("a count")
    }
}
