//! Tables and transactions on SQLite and PostgreSQL. Knows no gRPC and no rule.
//!
//! There are two ways to write and no third; `.begin()` is banned elsewhere, because a `begin` that is cancelled
//! on PostgreSQL loses later, acknowledged writes:
//!
//! * [`lane`]: many hot operations (check out, return, door check) decided in one transaction;
//! * [`Store::unit_of_work`]: everything else.
//!
//! Both own their work in a task that no client's cancellation can drop, and both have a deadline of their own.
//! Reads that release nothing go through [`Store::readers`].
//!
//! SQLite has one writer connection, shared by the lane and the units of work, and one server per file.
//! PostgreSQL has a pool for everything and one connection of its own for each lane.

mod connect;
mod engine;
pub mod entities;
mod error;
pub mod lane;
mod leader;
pub mod queries;
mod signals;
mod unit_of_work;

pub use connect::{LaneConnection, Store, StoreOptions};
pub use engine::Engine;
pub use error::{Retryable, StoreError};
pub use leader::Leadership;
pub use signals::{Signal, Signals};
pub use unit_of_work::UNIT_TRIES_MAX;
