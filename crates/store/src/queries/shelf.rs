//! The ready holds of a branch, page by page, as its hold shelf shows them.

use super::cursor::Cursor;
use crate::StoreError;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, Statement};
use uuid::Uuid;

/// Rows of one page.
pub const SHELF_PAGE_ROWS: usize = 2000;

/// One ready hold. It names nobody: the alias is what the patron is called by on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfRow {
    /// The hold.
    pub id: Uuid,
    /// Its number on the shelf.
    pub pickup_number: String,
    /// The compartment in which its item lies.
    pub compartment: Option<String>,
    /// The locker to which that belongs.
    pub stocked_by: Option<i64>,
    /// The code of the stop where it is picked up.
    pub pickup_stop: Option<String>,
    /// The code of the locker where it is picked up.
    pub pickup_locker: Option<String>,
    /// The alias of whoever picks it up.
    pub alias: Option<String>,
    /// Its last day.
    pub pickup_until: Option<NaiveDate>,
}

/// The ready holds of a branch in the order of their keys, those after `after` and at most a page of them.
///
/// # Errors
/// [`StoreError`] when the database fails.
pub async fn ready_at(
    connection: &impl ConnectionTrait,
    branch: i64,
    after: Uuid,
) -> Result<Vec<ShelfRow>, StoreError> {
    let sql = format!(
        "select h.id, coalesce(h.pickup_number, ''), h.compartment, h.compartment_device_id, \
         st.code, lo.code, p.hold_alias, h.pickup_until \
         from holds h join patrons p on p.id = h.patron_id \
         left join stops st on st.id = h.pickup_stop_id left join resources lo on lo.id = h.pickup_locker_id \
         where h.pickup_branch_id = $1 and h.state = 3 and h.id > $2 order by h.id limit {SHELF_PAGE_ROWS}"
    );
    let values = [branch.into(), after.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let rows = connection.query_all_raw(statement).await?;
    let read = |row| {
        let mut cursor = Cursor::new(row);
        Ok(ShelfRow {
            id: cursor.get()?,
            pickup_number: cursor.get()?,
            compartment: cursor.get()?,
            stocked_by: cursor.get()?,
            pickup_stop: cursor.get()?,
            pickup_locker: cursor.get()?,
            alias: cursor.get()?,
            pickup_until: cursor.get()?,
        })
    };
    rows.iter().map(read).collect()
}
