//! The files that TLS needs, read and checked. Every fault names the file and what is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::crypto;

/// Largest file that is read, in bytes. A list of 50 000 revoked certificates takes about 2 MB.
pub const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Where the files are. All PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, followed by its intermediates.
    pub certificate: PathBuf,
    /// The key of that certificate.
    pub key: PathBuf,
    /// The authorities whose devices are let in: one or more certificates.
    pub device_authority: PathBuf,
    /// The revocation lists of those authorities, one for each.
    pub crl: Option<PathBuf>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct TlsFault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it. Never its content.
    pub fault: String,
}

impl TlsFault {
    fn new(path: &Path, fault: impl Into<String>) -> Self {
        Self { path: path.to_owned(), fault: fault.into() }
    }
}

/// The server's own certificate and key.
pub(super) struct ServerIdentity {
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) not_after: DateTime<Utc>,
    pub(super) digest: [u8; 32],
}

/// Whose devices are let in, and which of them no longer are.
pub(super) struct Trust {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) crls: Vec<CertificateRevocationListDer<'static>>,
    /// When the first of the lists was issued, and when the first of them ends.
    pub(super) crl_issued_at: Option<DateTime<Utc>>,
    pub(super) crl_expires_at: Option<DateTime<Utc>>,
    pub(super) digest: [u8; 32],
}

/// Reads a file of at most [`FILE_BYTES_MAX`] bytes.
fn read(path: &Path) -> Result<Vec<u8>, TlsFault> {
    let length = std::fs::metadata(path)
        .map_err(|error| TlsFault::new(path, format!("cannot be read: {error}")))?
        .len();
    if length > FILE_BYTES_MAX {
        return Err(TlsFault::new(path, format!("is longer than {FILE_BYTES_MAX} bytes")));
    }
    std::fs::read(path).map_err(|error| TlsFault::new(path, format!("cannot be read: {error}")))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsFault::new(path, "is not well-formed PEM"))?;
    if certificates.is_empty() {
        return Err(TlsFault::new(path, "holds no certificate (a PEM section CERTIFICATE is needed)"));
    }
    Ok(certificates)
}

fn parse<'a>(path: &Path, der: &'a [u8]) -> Result<X509Certificate<'a>, TlsFault> {
    match X509Certificate::from_der(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(_) => Err(TlsFault::new(path, "holds something that is no X.509 certificate")),
    }
}

fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

impl ServerIdentity {
    /// Reads certificate and key and checks that they belong together and are in force.
    pub(super) fn load(files: &TlsFiles, now: DateTime<Utc>) -> Result<Self, TlsFault> {
        let certificate_pem = read(&files.certificate)?;
        let key_pem = read(&files.key)?;
        let chain = certificates(&files.certificate, &certificate_pem)?;
        let leaf = parse(&files.certificate, &chain[0])?;
        let not_after = instant(leaf.validity().not_after.timestamp())
            .ok_or_else(|| TlsFault::new(&files.certificate, "ends at a time that cannot be read"))?;
        if not_after <= now {
            return Err(TlsFault::new(&files.certificate, format!("has ended at {not_after}")));
        }
        let key = PrivateKeyDer::from_pem_slice(&key_pem)
            .map_err(|_| TlsFault::new(&files.key, "holds no private key in PEM"))?;
        let certified = CertifiedKey::from_der(chain, key, &crypto::provider())
            .map_err(|error| TlsFault::new(&files.key, format!("does not fit the certificate: {error}")))?;
        let digest = digest(&[&certificate_pem, &key_pem]);
        Ok(Self { certified: Arc::new(certified), not_after, digest })
    }
}

impl Trust {
    /// Reads authorities and lists; a list must be signed by one of the authorities, and each authority
    /// must have one, since otherwise all its devices would be refused.
    pub(super) fn load(files: &TlsFiles) -> Result<Self, TlsFault> {
        let authority_pem = read(&files.device_authority)?;
        let authorities = certificates(&files.device_authority, &authority_pem)?;
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            roots.add(authority.clone()).map_err(|error| {
                TlsFault::new(&files.device_authority, format!("holds an unusable authority: {error}"))
            })?;
        }
        let mut trust = Self {
            roots: Arc::new(roots),
            crls: Vec::new(),
            crl_issued_at: None,
            crl_expires_at: None,
            digest: [0; 32],
        };
        let crl_pem = match &files.crl {
            Some(path) => {
                let pem = read(path)?;
                trust.read_crls(path, &pem, &files.device_authority, &authorities)?;
                pem
            }
            None => Vec::new(),
        };
        trust.digest = digest(&[&authority_pem, &crl_pem]);
        Ok(trust)
    }

    fn read_crls(
        &mut self,
        path: &Path,
        pem: &[u8],
        authority_path: &Path,
        authorities: &[CertificateDer<'static>],
    ) -> Result<(), TlsFault> {
        let crls: Vec<_> = CertificateRevocationListDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsFault::new(path, "is not well-formed PEM"))?;
        let authorities: Vec<_> =
            authorities.iter().map(|der| parse(authority_path, der)).collect::<Result<_, _>>()?;
        let mut covered = vec![false; authorities.len()];
        for der in &crls {
            let (_, crl) = CertificateRevocationList::from_der(der)
                .map_err(|_| TlsFault::new(path, "holds something that is no revocation list"))?;
            let signer = authorities
                .iter()
                .position(|authority| crl.verify_signature(authority.public_key()).is_ok())
                .ok_or_else(|| TlsFault::new(path, "holds a list that no device authority has signed"))?;
            covered[signer] = true;
            let issued_at = instant(crl.last_update().timestamp());
            let expires_at = crl.next_update().and_then(|time| instant(time.timestamp()));
            self.crl_issued_at = [self.crl_issued_at, issued_at].into_iter().flatten().min();
            self.crl_expires_at = [self.crl_expires_at, expires_at].into_iter().flatten().min();
        }
        if let Some(missing) = covered.iter().position(|covered| !covered) {
            let name = authorities[missing].subject().to_string();
            return Err(TlsFault::new(path, format!("holds no list of the authority {name}")));
        }
        self.crls = crls;
        Ok(())
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
