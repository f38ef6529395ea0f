//! What the register does: one operation, one file. It knows neither gRPC nor TLS.
//!
//! A request's way: [`Register`] takes the question; what must be exact goes to a lane, whose desk
//! loads facts, lets `domain` decide, and commits change, audit row and remembered answer together;
//! what only lists runs as a unit of work of its own.

mod access;
mod aliases;
pub mod audit;
pub mod bans;
mod caller;
mod consents;
mod desk;
pub mod devices;
mod error;
pub mod fees;
mod holds;
pub mod imports;
mod in_use;
pub mod jobs;
pub mod key_care;
mod loans;
pub mod notices;
mod patrons;
pub mod permissions;
pub mod policies;
mod register;
mod rulebook;
mod rulings;
pub mod staff;
mod surroundings;

pub use access::{ANSWER_VALID_FOR, AccessAnswer, AccessQuestion};
pub use caller::Caller;
pub use error::RegisterError;
pub use fees::{
    FeeDetails, FeeList, FeePlace, ListFees, PaidShare, PaymentAnswer, PaymentMade, RecordPayment,
};
pub use holds::{
    COMPARTMENT_CHARS_MAX, CancelHold, ChangeHold, ConfirmPickup, Freeze, HoldAnswer, HoldDetails, HoldEdit,
    HoldLevel, HoldList, HoldPlace, HoldTarget, HoldWish, ListHolds, PickUp, PickupPlace, PlaceHold,
    Reservation, ReservePickup, RevertPickup, ShelfNews, ShelfWatch, StockCompartment, Stocked,
};
pub use loans::{
    Billed, CancelCheckout, Checkout, HistoryPage, HistoryRecord, HistorySet, ListLoanHistory, ListLoans,
    ListedLoan, LoanAnswer, LoanDetails, LoanHistory, LoanList, LoanPlace, RENEW_ALL_MAX, Renew, RenewAll,
    RenewAnswer, Renewed, Return, ReturnAnswer, ReturnRouting, SetLoanHistory, UndoAnswer,
};
pub use patrons::{
    Ask, Authenticate, AuthenticateAnswer, ChangePin, EndSession, Given, ListWards, OpenWardSession,
    PatronMessage, Profile, SecretChanged, SessionStanding, SessionWatch, SetWebPassword, WardDetails,
    WardList, WardSession, WatchSession,
};
pub use permissions::Rpc;
pub use register::{Register, RegisterOptions};
pub use rulebook::{Branch, PickupSpot, Rulebook, RulebookShelf};
pub use staff::{StaffCaller, StaffChange, StaffProof, StaffRpc, StaffView};
pub use surroundings::{Clock, Surroundings, SystemClock};
