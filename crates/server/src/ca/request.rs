//! A device's request for a certificate (PKCS #10, RFC 2986). Only its public key is believed, and that
//! only because the request is signed with it.

use rcgen::SubjectPublicKeyInfo;
use rustls::pki_types::CertificateSigningRequestDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::name::NameFault;

/// Longest request, in bytes of PEM.
pub const CSR_BYTES_MAX: usize = 8 * 1024;

/// Why no certificate is issued for a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsrFault {
    /// Over [`CSR_BYTES_MAX`].
    #[error("at most {CSR_BYTES_MAX} bytes")]
    TooLong,
    /// Not one PKCS #10 request in PEM.
    #[error("one PKCS#10 request in PEM (-----BEGIN CERTIFICATE REQUEST-----)")]
    Unreadable,
    /// The signature does not fit the key.
    #[error("signed with the key that it asks a certificate for")]
    SignatureWrong,
    /// Another algorithm, or a key that is no point of its curve.
    #[error("a key of ECDSA P-256, ECDSA P-384 or Ed25519")]
    KeyNotAccepted,
    /// The register's own name for the device cannot stand in a certificate.
    #[error("the register's name for the device: {0}")]
    Name(NameFault),
    /// The authority's key cannot sign.
    #[error("the authority of the register cannot sign")]
    AuthorityFailed,
}

impl CsrFault {
    /// Whether the device can mend its request; otherwise the fault is the register's.
    #[must_use]
    pub const fn is_the_devices(&self) -> bool {
        !matches!(self, Self::Name(_) | Self::AuthorityFailed)
    }
}

/// The public key of a request whose signature proves possession of it.
pub(super) fn public_key(csr_pem: &str) -> Result<SubjectPublicKeyInfo, CsrFault> {
    if csr_pem.len() > CSR_BYTES_MAX {
        return Err(CsrFault::TooLong);
    }
    let der =
        CertificateSigningRequestDer::from_pem_slice(csr_pem.as_bytes()).map_err(|_| CsrFault::Unreadable)?;
    let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| CsrFault::Unreadable)?;
    if !rest.is_empty() {
        return Err(CsrFault::Unreadable);
    }
    let key = SubjectPublicKeyInfo::from_der(request.certification_request_info.subject_pki.raw)
        .map_err(|_| CsrFault::KeyNotAccepted)?;
    let algorithm = rcgen::PublicKeyData::algorithm(&key);
    let accepted = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    if !accepted.contains(&algorithm) {
        return Err(CsrFault::KeyNotAccepted);
    }
    request.verify_signature().map_err(|_| CsrFault::SignatureWrong)?;
    Ok(key)
}
