//! What the library writes to patrons (A57 to A61), from the cause to the proof.
//!
//! A notice is written into the outbox in the transaction of its cause, and says only whom and what it is about. Who
//! gets it, where and in which words is worked out when it is delivered: by then an address may be another one, and a
//! hold may have been picked up. Rendered texts are kept nowhere.
//!
//! | what | files |
//! |---|---|
//! | into the outbox | `cause`; `reminders` when time has come |
//! | out of the outbox | `deliver` with `outbox` |
//! | what a notice is about, who gets it, in which words | `facts`, `addressees`, `compose`, `wording` |
//! | the texts | `template`, `texts` |
//! | who carries it | `courier` |

pub(crate) mod addressees;
pub(crate) mod cause;
pub(crate) mod compose;
mod courier;
pub(crate) mod deliver;
pub(crate) mod facts;
pub(crate) mod outbox;
pub(crate) mod reminders;
pub(crate) mod template;
pub(crate) mod texts;
pub(crate) mod wording;

pub use courier::{Consignment, Courier, Couriers, Delivering, Delivery, Destination, Halt, Message};
pub use deliver::{DELIVERY_BATCH_MAX, Delivered, LEASE};

use kortisto_domain::notices::hours::SmsHours;

/// What the notices of a register are made with.
#[derive(Clone)]
pub struct NoticeOffice {
    /// The name of the library, as it stands in texts.
    pub library: String,
    /// Languages of the texts; the first is used where there is none in the patron's.
    pub languages: Vec<String>,
    /// Who delivers.
    pub couriers: Couriers,
    /// When text messages go out.
    pub sms_hours: SmsHours,
}
