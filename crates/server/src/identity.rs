//! Who is at the other end of a connection.
//!
//! The certificate only points at a device row: its fingerprint finds the row, and the row decides at
//! every call (DESIGN.md section 6). What is remembered here never changes during a connection.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use rustls::ServerConnection;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

/// SHA-256 of a certificate in DER.
pub type Fingerprint = [u8; 32];

/// The fingerprint of a certificate in DER.
#[must_use]
pub fn fingerprint(der: &[u8]) -> Fingerprint {
    Sha256::digest(der).into()
}

pub use kortisto_register::devices::KnownDevice;

/// The device at the other end of a mutually authenticated connection; an extension of every request.
#[derive(Debug, Clone)]
pub struct PeerIdentity {
    /// The fingerprint of the client certificate.
    pub fingerprint: Fingerprint,
    /// When the client certificate ends. A connection may outlive it; the device check compares.
    pub not_after: DateTime<Utc>,
    /// The other end of the TCP connection.
    pub peer_addr: SocketAddr,
    /// The device, from the first call on this connection that found its row.
    pub device: Arc<OnceLock<KnownDevice>>,
}

/// A caller of the enrolment endpoint: it has no certificate yet.
#[derive(Debug, Clone, Copy)]
pub struct Applicant {
    /// The other end of the TCP connection.
    pub peer_addr: SocketAddr,
}

/// Why a finished handshake does not identify anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// The handshake ended without a client certificate.
    #[error("the peer presented no certificate")]
    NoCertificate,
    /// The client certificate cannot be read.
    #[error("the peer's certificate cannot be read")]
    UnreadableCertificate,
}

/// What a kind of endpoint learns from a finished handshake.
pub trait Identify: Clone + Send + Sync + Unpin + Sized + 'static {
    /// Reads the identity of the peer.
    ///
    /// # Errors
    /// [`IdentityFault`] when the endpoint needs a certificate and there is none that can be read.
    fn identify(connection: &ServerConnection, peer_addr: SocketAddr) -> Result<Self, IdentityFault>;
}

impl Identify for PeerIdentity {
    fn identify(connection: &ServerConnection, peer_addr: SocketAddr) -> Result<Self, IdentityFault> {
        let certificate =
            connection.peer_certificates().and_then(<[_]>::first).ok_or(IdentityFault::NoCertificate)?;
        Ok(Self {
            fingerprint: fingerprint(certificate),
            not_after: end_of(certificate)?,
            peer_addr,
            device: Arc::default(),
        })
    }
}

impl Identify for Applicant {
    fn identify(_: &ServerConnection, peer_addr: SocketAddr) -> Result<Self, IdentityFault> {
        Ok(Self { peer_addr })
    }
}

fn end_of(certificate: &CertificateDer<'_>) -> Result<DateTime<Utc>, IdentityFault> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| IdentityFault::UnreadableCertificate)?;
    DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0)
        .ok_or(IdentityFault::UnreadableCertificate)
}
