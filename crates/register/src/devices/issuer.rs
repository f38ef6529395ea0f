//! Who signs device certificates. The register says for whom; how is the server's business.

use chrono::{DateTime, Utc};
use kortisto_domain::DeviceKind;

/// The device that a certificate names. The names that a request asks for are ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSubject {
    /// Key of the device's row.
    pub device_id: i64,
    /// What it is.
    pub kind: DeviceKind,
    /// The code of its branch.
    pub branch: String,
}

/// A certificate, signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// PEM.
    pub certificate_pem: String,
    /// The authority's certificate, PEM.
    pub authority_pem: String,
    /// SHA-256 of its DER form.
    pub fingerprint: [u8; 32],
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Why a request was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssueFault {
    /// The request is malformed, too long, not signed by its own key, or of a kind of key that is not
    /// accepted.
    #[error("{rule}")]
    RequestInvalid {
        /// What would be right.
        rule: String,
    },
    /// The authority could not sign.
    #[error("the authority could not sign")]
    Failed,
}

/// Signs certificates for devices.
pub trait CertificateIssuer: Send + Sync + 'static {
    /// Signs the key of a PKCS#10 request for this device.
    ///
    /// # Errors
    /// [`IssueFault`].
    fn issue(
        &self,
        request_pem: &str,
        subject: &DeviceSubject,
        now: DateTime<Utc>,
    ) -> Result<IssuedCertificate, IssueFault>;
}
