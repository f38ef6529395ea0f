//! The register's certificate issuer: this server's own authority.

use super::{Authority, CsrFault, DeviceName};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_register::devices::{CertificateIssuer, DeviceSubject, IssueFault, IssuedCertificate};

/// Issues device certificates of one consortium, all with the same life.
#[derive(Debug)]
pub struct AuthorityIssuer {
    authority: Authority,
    consortium: String,
    life: TimeDelta,
}

impl AuthorityIssuer {
    /// An issuer with this authority.
    #[must_use]
    pub const fn new(authority: Authority, consortium: String, life: TimeDelta) -> Self {
        Self { authority, consortium, life }
    }
}

impl CertificateIssuer for AuthorityIssuer {
    fn issue(
        &self,
        request_pem: &str,
        subject: &DeviceSubject,
        now: DateTime<Utc>,
    ) -> Result<IssuedCertificate, IssueFault> {
        let name = DeviceName {
            consortium: self.consortium.clone(),
            branch: subject.branch.clone(),
            kind: subject.kind,
            device_id: subject.device_id,
        };
        let issued =
            self.authority.issue_device_certificate(request_pem, &name, now, self.life).map_err(|fault| {
                if fault.is_the_devices() {
                    IssueFault::RequestInvalid { rule: fault.to_string() }
                } else {
                    report(&fault);
                    IssueFault::Failed
                }
            })?;
        Ok(IssuedCertificate {
            certificate_pem: issued.pem,
            authority_pem: self.authority.certificate_pem().to_owned(),
            fingerprint: issued.fingerprint,
            expires_at: issued.not_after,
        })
    }
}

fn report(fault: &CsrFault) {
    tracing::error!(%fault, "no certificate could be issued");
}
