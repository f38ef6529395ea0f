//! What patrons owe and how they pay it (A68 to A70), as devices ask for it; `staff/fees/` is the desk's side.

pub(crate) mod lapse;
pub(crate) mod ledger;
mod list;
mod record_payment;

pub use list::{FeeDetails, FeeList, FeePlace, ListFees};
pub use record_payment::{PaidShare, PaymentAnswer, PaymentMade, RecordPayment};
