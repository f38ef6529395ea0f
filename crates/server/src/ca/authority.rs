//! The authority: made once, kept in two files, signing certificates.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::name::DeviceName;
use super::request::{self, CsrFault};
use crate::identity::{Fingerprint, fingerprint};

/// How long an authority lasts, in years of 365 days.
pub const AUTHORITY_YEARS: i64 = 10;

/// How long before its issue a certificate begins, in minutes: device clocks are late.
pub const BACKDATE_MINUTES: i64 = 5;

/// The file of the authority's certificate, in the folder given to [`Authority::store`].
const CERTIFICATE_FILE: &str = "authority.pem";

/// The file of the authority's key.
const KEY_FILE: &str = "authority.key";

/// Why there is no authority, or no certificate for the server.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityFault {
    /// The certificate is no authority.
    #[error("the authority's certificate {0}")]
    Certificate(&'static str),
    /// The key cannot be read or is another's.
    #[error("the authority's key {0}")]
    Key(&'static str),
    /// A name that cannot stand in a certificate.
    #[error("the name {0:?} cannot stand in a certificate; use a host name or an IP address")]
    ServerName(String),
    /// The clock or a lifetime is beyond what a certificate can say.
    #[error("a time is beyond what a certificate can say")]
    Time,
    /// The key cannot sign.
    #[error("the authority cannot sign")]
    Signing,
    /// A file exists already or cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A private certificate authority, P-256. Its key never leaves it but through [`Authority::store`].
pub struct Authority {
    certificate_pem: String,
    not_after: DateTime<Utc>,
    issuer: Issuer<'static, KeyPair>,
    issued: AtomicU64,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// A certificate for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedCertificate {
    /// The certificate, PEM.
    pub pem: String,
    /// SHA-256 of its DER: what the device row stores.
    pub fingerprint: Fingerprint,
    /// When it begins.
    pub not_before: DateTime<Utc>,
    /// When it ends.
    pub not_after: DateTime<Utc>,
}

/// A certificate for the server, with its key.
#[derive(Debug)]
pub struct IssuedServer {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its key, PKCS #8 PEM.
    pub key_pem: SecretString,
    /// When it ends.
    pub not_after: DateTime<Utc>,
}

impl Authority {
    /// Makes a new authority for a consortium, good for [`AUTHORITY_YEARS`].
    ///
    /// # Errors
    /// [`AuthorityFault`] when the system gives no randomness or the time is out of range.
    pub fn create(now: DateTime<Utc>, consortium: &str) -> Result<Self, AuthorityFault> {
        let key = KeyPair::generate().map_err(|_| AuthorityFault::Key("cannot be made"))?;
        let not_after = now + TimeDelta::days(365 * AUTHORITY_YEARS);
        let mut params = params(now, not_after, key.der_bytes(), 0)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::OrganizationName, consortium);
        params.distinguished_name.push(DnType::CommonName, format!("{consortium} devices"));
        let certificate = params.self_signed(&key).map_err(|_| AuthorityFault::Signing)?;
        let certificate_pem = certificate.pem();
        Ok(Self { certificate_pem, not_after, issuer: Issuer::new(params, key), issued: AtomicU64::new(0) })
    }

    /// Takes an authority from its two files' content.
    ///
    /// # Errors
    /// [`AuthorityFault`] when the certificate is no authority or the key is not its own.
    pub fn load(certificate_pem: &str, key_pem: &str) -> Result<Self, AuthorityFault> {
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| AuthorityFault::Certificate("is not PEM"))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&der)
            .map_err(|_| AuthorityFault::Certificate("cannot be read"))?;
        if !parsed.is_ca() {
            return Err(AuthorityFault::Certificate("is not the certificate of an authority"));
        }
        let key = KeyPair::from_pem(key_pem).map_err(|_| AuthorityFault::Key("cannot be read"))?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.der_bytes() {
            return Err(AuthorityFault::Key("belongs to another certificate"));
        }
        let not_after = DateTime::from_timestamp(parsed.validity().not_after.timestamp(), 0)
            .ok_or(AuthorityFault::Time)?;
        let issuer = Issuer::from_ca_cert_der(&der, key)
            .map_err(|_| AuthorityFault::Certificate("cannot issue certificates"))?;
        Ok(Self { certificate_pem: certificate_pem.to_owned(), not_after, issuer, issued: AtomicU64::new(0) })
    }

    /// Writes `authority.pem` and `authority.key` (mode 0600) into a folder. Never overwrites: an
    /// authority that is replaced by accident shuts every device out.
    ///
    /// # Errors
    /// [`AuthorityFault::File`] when a file exists already or cannot be written.
    pub fn store(&self, folder: &Path) -> Result<(), AuthorityFault> {
        // The certificate first: a folder that has one already keeps its key untouched.
        write_new(&folder.join(CERTIFICATE_FILE), 0o644, self.certificate_pem.as_bytes())?;
        write_new(&folder.join(KEY_FILE), 0o600, self.issuer.key().serialize_pem().as_bytes())
    }

    /// The authority's certificate: what devices trust and the server's `tls.device_authority` names.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// When the authority ends. No certificate that it issues lasts longer.
    #[must_use]
    pub const fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// Makes a key and a certificate with which the server proves who it is under these names.
    ///
    /// # Errors
    /// [`AuthorityFault`] when a name is neither a host name nor an IP address, or there is none.
    pub fn issue_server_certificate(
        &self,
        names: &[String],
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<IssuedServer, AuthorityFault> {
        let first = names.first().ok_or_else(|| AuthorityFault::ServerName(String::new()))?;
        let key = KeyPair::generate().map_err(|_| AuthorityFault::Key("of the server cannot be made"))?;
        let not_after = self.end(now, lifetime)?;
        let mut params = params(now, not_after, key.der_bytes(), self.count())?;
        for name in names {
            let usable = CertificateParams::new(vec![name.clone()]);
            let usable = usable.map_err(|_| AuthorityFault::ServerName(name.clone()))?;
            params.subject_alt_names.extend(usable.subject_alt_names);
        }
        params.distinguished_name.push(DnType::CommonName, first.as_str());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(|_| AuthorityFault::Signing)?;
        Ok(IssuedServer {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem().into(),
            not_after,
        })
    }

    /// Gives a device a certificate for the key of its request, under the register's name for it. The
    /// subject, names and extensions of the request are not read.
    ///
    /// # Errors
    /// [`CsrFault`] says what a right request would be.
    pub fn issue_device_certificate(
        &self,
        csr_pem: &str,
        name: &DeviceName,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<IssuedCertificate, CsrFault> {
        let key = request::public_key(csr_pem)?;
        let uri = name.spiffe_id().map_err(CsrFault::Name)?;
        let not_after = self.end(now, lifetime).map_err(|_| CsrFault::AuthorityFailed)?;
        let mut params =
            params(now, not_after, key.der_bytes(), self.count()).map_err(|_| CsrFault::AuthorityFailed)?;
        let uri = uri.try_into().map_err(|_| CsrFault::AuthorityFailed)?;
        params.subject_alt_names = vec![SanType::URI(uri)];
        params.distinguished_name.push(DnType::OrganizationName, name.consortium.as_str());
        params.distinguished_name.push(DnType::OrganizationalUnitName, name.branch.as_str());
        params.distinguished_name.push(DnType::CommonName, name.common_name());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(|_| CsrFault::AuthorityFailed)?;
        Ok(IssuedCertificate {
            pem: certificate.pem(),
            fingerprint: fingerprint(certificate.der()),
            not_before: whole_seconds(now - TimeDelta::minutes(BACKDATE_MINUTES)),
            not_after,
        })
    }

    fn end(&self, now: DateTime<Utc>, lifetime: TimeDelta) -> Result<DateTime<Utc>, AuthorityFault> {
        let end = now.checked_add_signed(lifetime).ok_or(AuthorityFault::Time)?;
        Ok(whole_seconds(end.min(self.not_after)))
    }

    fn count(&self) -> u64 {
        self.issued.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// What all certificates share. The serial number is a digest of key, moment and count: no two
/// certificates of one authority share it, also when a device renews with the key that it has.
fn params(
    now: DateTime<Utc>,
    not_after: DateTime<Utc>,
    public_key: &[u8],
    count: u64,
) -> Result<CertificateParams, AuthorityFault> {
    let mut serial = Sha256::new();
    serial.update(public_key);
    serial.update(now.timestamp_micros().to_be_bytes());
    serial.update(count.to_be_bytes());
    let mut serial: [u8; 16] = serial.finalize()[..16].try_into().expect("a SHA-256 has 32 bytes");
    // RFC 5280 section 4.1.2.2: positive, so the first bit is clear, and the first octet is not zero.
    serial[0] = (serial[0] & 0x7f) | 0x40;

    let mut params = CertificateParams::default();
    params.not_before = offset(now - TimeDelta::minutes(BACKDATE_MINUTES))?;
    params.not_after = offset(not_after)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn offset(at: DateTime<Utc>) -> Result<OffsetDateTime, AuthorityFault> {
    OffsetDateTime::from_unix_timestamp(at.timestamp()).map_err(|_| AuthorityFault::Time)
}

fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

fn write_new(path: &Path, mode: u32, content: &[u8]) -> Result<(), AuthorityFault> {
    let fault = |source| AuthorityFault::File { path: path.to_owned(), source };
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(fault)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(fault)
}
