//! The binary `kortisto` as a process of its own: started, asked, killed and started again.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of an integration test for production code"
)]

mod crash;
mod jobs;
mod key_care;
mod kit;
mod notices;
mod outage;
mod staff;
