//! Doors, PCs and other resources.

pub(crate) mod check_access;

pub use check_access::{ANSWER_VALID_FOR, AccessAnswer, AccessQuestion};
