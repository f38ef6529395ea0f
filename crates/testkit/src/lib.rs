//! How tests reach the register: engines to run it on, a clock turned by hand, and a network that fails
//! on demand.
//!
//! Nothing here is for production: servers are started without durability, without passwords and on
//! loopback only, and everything is thrown away when the run ends.

pub mod chaos_proxy;
pub mod clock;
mod fingerprint;
pub mod hash_gate;
pub mod patient;
pub mod postgres;
pub mod register;
mod scratch;
pub mod sqlite;

pub use clock::HandTurnedClock;
pub use fingerprint::build_fingerprint;
pub use hash_gate::HashGate;
pub use register::{Engine, TestOptions, TestRegister};
pub use tempfile::TempDir;
