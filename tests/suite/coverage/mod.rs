//! Every rpc of the device endpoint, driven by the contract's descriptor: an rpc without an entry in
//! [`question`] fails every test here.

mod audit;
mod callers;
mod deadline;
mod enrolment;
mod fields;
mod garbage;
mod malformed;
mod permissions;
mod question;
mod reasons;
mod renewal;
mod replay;
mod replies;
pub(crate) mod rpc;
