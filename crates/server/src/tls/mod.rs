//! TLS 1.3 with mutual authentication, and its reload while the server runs.
//!
//! The certificate, its key, the device authorities and their revocation lists are files. [`TlsReloader`]
//! reads them at start, where a bad file is an error, and again every few seconds and on demand, where a
//! bad file keeps the last good one and raises an alarm: it neither opens the register nor closes it.

mod build;
pub mod crypto;
mod files;
mod reload;

pub use files::{FILE_BYTES_MAX, TlsFault, TlsFiles};
pub use reload::{POLL_SECONDS, Reloaded, TlsReloader};
