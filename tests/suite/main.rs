//! The suite: one binary, so that it links once and runs concurrently.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of an integration test for production code"
)]

mod architecture;
mod contract;
mod coverage;
mod crowds;
mod device;
mod docs;
mod faults;
mod jobs;
mod key_care;
mod ledger;
mod model;
mod notices;
mod online;
mod peers;
mod plans;
mod record;
mod repository;
mod staff;
mod tidy;
