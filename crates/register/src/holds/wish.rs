//! What somebody wants to hold, and where and how long it should wait.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Of what a hold is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldTarget {
    /// The title with this number.
    Title(String),
    /// The item with this barcode, or its title.
    Item(String),
}

/// Which items serve a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldLevel {
    /// Any item of the title.
    Title,
    /// Only the item that was named.
    Item,
    /// Any item of the title whose home is the branch with this code.
    Branch(String),
}

/// Where a hold is picked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PickupPlace {
    /// The code of the branch.
    pub branch: String,
    /// The code of a stop of that branch, which is a bookmobile then.
    pub stop: Option<String>,
    /// The code of a locker at that branch.
    pub locker: Option<String>,
}

/// A hold to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldWish {
    /// Of what.
    pub target: HoldTarget,
    /// Which items serve it.
    pub level: HoldLevel,
    /// Where it is picked up.
    pub pickup: PickupPlace,
    /// The last day on which it waits; none for as long as the policy allows.
    pub valid_until: Option<NaiveDate>,
    /// The last day on which nothing is handed out to it.
    pub frozen_until: Option<NaiveDate>,
}

/// What changes about a hold. What is unset stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldEdit {
    /// Where it is picked up from now on.
    pub pickup: Option<PickupPlace>,
    /// The last day on which it waits.
    pub valid_until: Option<NaiveDate>,
    /// Whether it is frozen.
    pub freeze: Option<Freeze>,
}

/// Whether a hold is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Freeze {
    /// To this day, included.
    Until(NaiveDate),
    /// Not any more.
    Lifted,
}
