//! Who stands at a device.

pub(crate) mod at_device;
pub(crate) mod authenticate;
pub(crate) mod change_secret;
pub(crate) mod end_session;
mod list_wards;
mod open_ward_session;
pub(crate) mod reserve_attempt;
pub(crate) mod settle_attempt;
pub(crate) mod verify_pin;
pub(crate) mod wards;
pub(crate) mod watch_session;

pub use at_device::Ask;
pub use authenticate::{Authenticate, AuthenticateAnswer, Given};
pub use change_secret::{ChangePin, SecretChanged, SetWebPassword};
pub use end_session::EndSession;
pub use list_wards::{ListWards, WardDetails, WardList};
pub use open_ward_session::{OpenWardSession, WardSession};
pub use settle_attempt::{PatronMessage, Profile};
pub use watch_session::{SessionStanding, SessionWatch, WatchSession};

pub(crate) use verify_pin::next_floor;
