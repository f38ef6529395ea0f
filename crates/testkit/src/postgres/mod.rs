//! A PostgreSQL of the tests' own, on a free port of loopback, thrown away afterwards.
//!
//! [`Cluster::shared`] gives the one cluster of the run. The first process that asks starts it, all others
//! join it, whether tests run as threads of one process or, under nextest, as a process each. A watchdog
//! stops it and removes its files some seconds after the last user is gone, however that user ended.
//! [`PrivateCluster`] is for tests that stop, kill or freeze a server.
//!
//! Loopback is trusted and has no password: checking one costs each connection more than most tests take.

mod account;
mod binaries;
mod cluster;
mod database;
mod directory;
mod error;
mod pid_file;
mod postmaster;
mod private;
mod processes;
mod settings;
mod shared;
mod template;
#[cfg(test)]
mod tests;
mod watchdog;

pub use cluster::Cluster;
pub use database::Database;
pub use error::Error;
pub use private::PrivateCluster;
pub use settings::Settings;
pub use template::Template;
