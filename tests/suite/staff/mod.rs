//! What staff ask at a desk, end to end, on both engines. Every rpc of `kortisto.staff.v1` goes through `coverage`;
//! what it does is tested in the file of its area.

mod accounts;
mod audit_events;
mod bans;
mod cards;
mod coverage;
mod duties;
mod explain;
mod fees;
mod holds;
mod home_service;
mod identity_codes;
mod items;
mod loans;
mod messages;
mod notices;
mod openid;
mod patrons;
mod pins;
mod places;
mod policies;
mod questions;
mod relations;
mod sign_in;
mod world;
