//! What staff do at a desk, each signed in with an account of their own (A114 to A117).
//!
//! A staff operation is a [`StaffChange`] or a [`StaffView`]: one file, one type, one method. The way is the same
//! for all of them and is walked in `operation.rs`: the desk is in force, the account is signed in at it, the duty
//! and the purpose allow the rpc, a request id is answered once, the operation does its work on a [`StaffDesk`],
//! and its audit rows commit with it. A refusal leaves an audit row too.

mod account;
pub mod accounts;
pub mod audit;
pub mod bans;
pub mod cards;
mod desk;
pub mod duties;
pub mod explain;
pub mod fees;
pub mod holds;
pub mod home_service;
pub mod identity_codes;
pub mod items;
pub mod loans;
pub mod messages;
pub mod notices;
mod operation;
mod page;
pub mod patrons;
pub mod pins;
pub mod places;
pub mod policies;
pub mod relations;
pub mod rights;
pub mod sessions;
mod trail;

pub use account::{StaffCaller, StaffProof};
pub use duties::StaffRpc;
pub use operation::{StaffChange, StaffView};
pub use page::{PAGE_SIZE_MAX, Page, Paged};

pub(crate) use account::Account;
pub(crate) use desk::StaffDesk;
pub(crate) use trail::FieldChange;
