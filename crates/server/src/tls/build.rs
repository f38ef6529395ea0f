//! The two server configurations: devices with a certificate, and applicants without one.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::crypto::{self, ClockOfRegister};
use super::files::Trust;
use crate::Now;

/// The only application protocol: HTTP/2.
const ALPN_HTTP2: &[u8] = b"h2";

/// A configuration for the main endpoint: TLS 1.3, and a client certificate from a device authority is
/// mandatory.
///
/// # Errors
/// When rustls cannot use the authorities or the lists.
pub(super) fn for_devices(
    certified: &CertifiedKey,
    trust: &Trust,
    now: &Now,
) -> Result<ServerConfig, rustls::Error> {
    let mut verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&trust.roots), crypto::provider());
    if !trust.crls.is_empty() {
        // The end of a list is watched and alarmed by the reloader. Refusing every device of a
        // consortium because a file is stale would be worse: the device rows still decide at each call.
        verifier = verifier.with_crls(trust.crls.iter().cloned()).only_check_end_entity_revocation();
    }
    let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
    let config =
        ServerConfig::builder_with_details(crypto::provider(), Arc::new(ClockOfRegister(now.clone())))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified.clone())));
    Ok(harden(config))
}

/// A configuration for the enrolment endpoint: TLS 1.3, the server alone proves who it is.
///
/// # Errors
/// When rustls cannot use the certificate.
pub(super) fn for_enrolment(certified: &CertifiedKey, now: &Now) -> Result<ServerConfig, rustls::Error> {
    let config =
        ServerConfig::builder_with_details(crypto::provider(), Arc::new(ClockOfRegister(now.clone())))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified.clone())));
    Ok(harden(config))
}

/// Without tickets and storage nobody resumes: a resumed session would not look at the revocation list
/// again. Without early data nothing can be replayed.
fn harden(mut config: ServerConfig) -> ServerConfig {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec()];
    config
}
