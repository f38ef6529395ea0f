//! Reads the columns of a wide row from left to right.

use crate::StoreError;
use sea_orm::{QueryResult, TryGetable};
use serde::de::DeserializeOwned;

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
