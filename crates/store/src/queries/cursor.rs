//! Reads the columns of a wide row from left to right.

use super::dialect::parameter;
use crate::StoreError;
use sea_orm::{ConnectionTrait, QueryResult, Statement, TryGetable};
use serde::{Serialize, de::DeserializeOwned};

/// Runs a statement whose one parameter is `keys`, and reads each of its rows, which come in any order.
pub(super) async fn load<K: Serialize, T>(
    connection: &impl ConnectionTrait,
    sql: &str,
    keys: &[K],
    read: impl Fn(&mut Cursor<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let backend = connection.get_database_backend();
    let found =
        connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [parameter(keys)])).await?;
    found.iter().map(|row| read(&mut Cursor::new(row))).collect()
}

/// A position in one row. Groups of columns are read in the order in which the statement lists them.
#[derive(Debug)]
pub struct Cursor<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Cursor<'r> {
    /// At the first column of `row`.
    #[must_use]
    pub const fn new(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    ///
    /// # Errors
    /// [`StoreError`] when the column has another type than the statement promises.
    pub fn get<T: TryGetable>(&mut self) -> Result<T, StoreError> {
        let index = self.next;
        self.next += 1;
        Ok(self.row.try_get_by_index(index)?)
    }

    /// The next column as the place of an operation in its turn.
    ///
    /// # Errors
    /// [`StoreError`] when it is none.
    pub fn ord(&mut self) -> Result<usize, StoreError> {
        usize::try_from(self.get::<i64>()?)
            .map_err(|_| StoreError::Inconsistent { table: "the keys of a turn", column: "ord" })
    }

    /// The next column as a coded value.
    ///
    /// # Errors
    /// [`StoreError`] when the number has no meaning.
    pub fn code<T: TryFrom<i16, Error = kortisto_domain::codes::UnknownCode>>(
        &mut self,
    ) -> Result<T, StoreError> {
        T::try_from(self.get()?).map_err(StoreError::from)
    }

    /// The next column as a list made by [`super::dialect::list`].
    ///
    /// # Errors
    /// [`StoreError`] when the list does not have the form that the statement promises.
    pub fn list<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, StoreError> {
        match self.get::<Option<String>>()? {
            None => Ok(Vec::new()),
            Some(text) if text == "[]" => Ok(Vec::new()),
            Some(text) => serde_json::from_str(&text)
                .map_err(|_| StoreError::Inconsistent { table: "a list of a fact", column: "its form" }),
        }
    }

    /// Passes over `columns` columns of a group that is not there.
    pub const fn skip(&mut self, columns: usize) {
        self.next += columns;
    }
}

impl From<kortisto_domain::codes::UnknownCode> for StoreError {
    fn from(code: kortisto_domain::codes::UnknownCode) -> Self {
        Self::Inconsistent { table: "a coded column", column: code.what }
    }
}
