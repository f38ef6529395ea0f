//! What went wrong, as a sentence for the person at the terminal.

use std::{fmt, io};

/// How a task ends.
pub(crate) type Outcome<T = ()> = Result<T, Problem>;

/// A sentence that says what failed and, where we know, what mends it.
#[derive(Debug)]
pub(crate) struct Problem(String);

impl Problem {
    /// Words of our own.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
