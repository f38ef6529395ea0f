//! The columns that a file may have.

/// Whether a column must stand in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The header must have it.
    Required,
    /// It may be left out.
    Optional,
    /// It may be there and is not read.
    Ignored,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether it must be there.
    pub need: Need,
}

/// The columns of one shape of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The column by which the shape is recognised among others; none for the shape that is assumed.
    pub mark: Option<&'static str>,
    /// Whether the file is about persons, so that no value of it may be shown.
    pub private: bool,
    /// Its columns.
    pub columns: &'static [Column],
}

impl Layout {
    /// The names of the columns that are read.
    pub(crate) fn names(&self) -> String {
        let read = self.columns.iter().filter(|column| column.need != Need::Ignored);
        read.map(|column| column.name).collect::<Vec<_>>().join(", ")
    }
}

/// Columns of one need each.
macro_rules! columns {
    ($($need:ident: $($name:literal)*;)*) => {
        &[$($($crate::imports::layout::Column {
            name: $name,
            need: $crate::imports::layout::Need::$need,
        },)*)*]
    };
}
pub(crate) use columns;
