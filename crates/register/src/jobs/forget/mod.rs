//! What is forgotten, and when. Deleted, not hidden.

pub(super) mod borrowers;
mod desk_fees;
pub(super) mod holds;
pub(super) mod notices;
pub(super) mod of_use;
mod traces;
pub(super) mod trail;
mod undone;
