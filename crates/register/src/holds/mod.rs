//! Holds: what patrons wait for, from placing it to picking it up.
//!
//! | what | files |
//! |---|---|
//! | at a device, one rpc each | `list`, `place`, `change`, `cancel`, `pick_up` |
//! | the same for devices and desks | `holder`, `placing`, `changing`, `cancelling` |
//! | at a locker | `reserve`, `confirm`, `revert`, and what they share: `compartment`; `stock` |
//! | an item comes to a hold, or leaves one that is over | `ready`, `release` |
//! | those who wait for a title | `waiting` |
//! | time passes | `expire` |
//! | the shelf of a branch as it changes | `watch_shelf` |

pub(crate) mod cancel;
pub(crate) mod cancelling;
pub(crate) mod change;
pub(crate) mod changing;
pub(crate) mod compartment;
pub(crate) mod confirm;
pub(crate) mod details;
pub(crate) mod expire;
pub(crate) mod holder;
pub(crate) mod list;
pub(crate) mod pick_up;
pub(crate) mod place;
pub(crate) mod placing;
pub(crate) mod ready;
pub(crate) mod release;
pub(crate) mod reserve;
pub(crate) mod revert;
pub(crate) mod stock;
pub(crate) mod waiting;
pub(crate) mod watch_shelf;
pub(crate) mod wish;

pub use cancel::CancelHold;
pub use change::ChangeHold;
pub use confirm::ConfirmPickup;
pub use details::HoldDetails;
pub use list::{HoldList, HoldPlace, ListHolds};
pub use pick_up::PickUp;
pub use place::PlaceHold;
pub use reserve::{Reservation, ReservePickup};
pub use revert::RevertPickup;
pub use stock::{COMPARTMENT_CHARS_MAX, StockCompartment, Stocked};
pub use watch_shelf::{ShelfNews, ShelfWatch};
pub use wish::{Freeze, HoldEdit, HoldLevel, HoldTarget, HoldWish, PickupPlace};

use kortisto_domain::Decision;
use serde::{Deserialize, Serialize};

/// The answer about one hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// The verdict.
    pub decision: Decision,
    /// The patron's language, where the patron is known.
    pub language: Option<String>,
    /// The hold as it stands; none on a refusal, and where it is over.
    pub hold: Option<HoldDetails>,
}
