//! Patrons as staff see and change them.

mod get;

pub use get::{GetPatron, PatronRecord};
