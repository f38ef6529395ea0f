//! Holds: seeing and picking them up.

pub(crate) mod list;
pub(crate) mod pick_up;

pub use list::{HoldDetails, HoldList, HoldPlace, ListHolds};
pub use pick_up::PickUp;
