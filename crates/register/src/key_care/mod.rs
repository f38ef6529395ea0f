//! What an operator does about the keys of the vault: which rows hang on which key ([`rows`]), and moving every row to
//! the key in use ([`rekey`]).
//!
//! Two keys can stand behind one PIN: the one it is sealed under, and the one whose pepper is inside the hash. Moving
//! the rows changes the first; the second changes when its owner next gives the PIN. Identity codes have the first only.

mod rekey;
mod rows;
mod sealed;

pub use rekey::{BATCH_ROWS_DEFAULT, BATCH_ROWS_MAX, Moved, rekey};
pub use rows::{Tally, rows};
pub use sealed::SealedKind;
