//! The cryptography of TLS: ring, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;

use crate::Now;

/// Makes ring the provider of the process. Call it first in `main`: with two providers in the dependency
/// graph, or none chosen, the first use of TLS would panic. Calling it again does nothing.
pub fn install_default() {
    // The only error is that a provider is installed already, by an earlier call of this function.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The provider for configurations of our own, whatever the process has installed.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Lets rustls judge certificates by the clock of the register.
#[derive(Clone)]
pub struct ClockOfRegister(pub Now);

impl std::fmt::Debug for ClockOfRegister {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClockOfRegister")
    }
}

impl TimeProvider for ClockOfRegister {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from((self.0)().timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
