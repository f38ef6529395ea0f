//! `EnrolmentService.EnrolDevice`: a one-time code and a certificate request become a certificate.

use super::issuer::{CertificateIssuer, DeviceSubject, IssueFault, IssuedCertificate};
use crate::{
    Register, RegisterError,
    audit::{About, Author},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{Decision, DeviceKind, DeviceState};
use kortisto_store::{
    StoreError,
    entities::{branches, device_certificates, devices, enrolment_codes},
    queries::changes::{self, Changes},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use std::sync::Arc;
use tokio::time::Instant;

/// A device that is enrolled from now on.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The name of the device.
    pub device_name: String,
    /// Its certificate.
    pub certificate: IssuedCertificate,
}

impl Register {
    /// Uses up an enrolment code.
    ///
    /// # Errors
    /// [`RegisterError::EnrolmentRefused`] for a code that is unknown, used or too old, and where this
    /// register issues no certificates; [`RegisterError::FieldInvalid`] for a request that cannot be
    /// signed, which leaves the code usable.
    pub async fn enrol_device(
        self: &Arc<Self>,
        code_hash: [u8; 32],
        request_pem: String,
        deadline: Instant,
    ) -> Result<Enrolment, RegisterError> {
        let Some(issuer) = self.issuer.clone() else { return Err(RegisterError::EnrolmentRefused) };
        let register = Arc::clone(self);
        self.store
            .unit_of_work("enrol_device", deadline, move |transaction| {
                let (register, issuer, pem) =
                    (Arc::clone(&register), Arc::clone(&issuer), request_pem.clone());
                Box::pin(async move { enrol(&register, &*issuer, &code_hash, &pem, transaction).await })
            })
            .await
    }
}

async fn enrol(
    register: &Register,
    issuer: &dyn CertificateIssuer,
    code_hash: &[u8; 32],
    request_pem: &str,
    transaction: &DatabaseTransaction,
) -> Result<Enrolment, RegisterError> {
    let now = register.surroundings.clock.now();
    // One guarded statement uses the code up: of two calls with one code, the second finds nothing.
    let used = enrolment_codes::Entity::update_many()
        .col_expr(enrolment_codes::Column::UsedAt, sea_orm::sea_query::Expr::value(now))
        .filter(enrolment_codes::Column::CodeHash.eq(code_hash.to_vec()))
        .filter(enrolment_codes::Column::UsedAt.is_null())
        .filter(enrolment_codes::Column::ExpiresAt.gt(now))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    if used.rows_affected != 1 {
        return Err(RegisterError::EnrolmentRefused);
    }
    let code = enrolment_codes::Entity::find_by_id(code_hash.to_vec())
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::EnrolmentRefused)?;
    let device = devices::Entity::find_by_id(code.device_id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .filter(|device| device.state != DeviceState::Revoked.code())
        .ok_or(RegisterError::EnrolmentRefused)?;
    let certificate = sign(issuer, request_pem, &device, transaction, now).await?;
    keep_certificate(transaction, device.id, &certificate, now).await?;
    let (device_id, branch_id, device_name) = (device.id, device.branch_id, device.name.clone());
    let mut device = device.into_active_model();
    device.state = Set(DeviceState::Active.code());
    device.update(transaction).await.map_err(StoreError::from)?;
    let mut changes = Changes::default();
    let author = Author::Device { id: device_id, branch: branch_id };
    let granted = Decision::granted();
    changes.audit.push(About::default().row(&register.surroundings, now, author, "enrol_device", &granted));
    let today = register.surroundings.moment().today();
    changes::apply(transaction, register.store.engine(), changes, now, today).await?;
    Ok(Enrolment { device_name, certificate })
}

/// Signs a request for a device.
pub(super) async fn sign(
    issuer: &dyn CertificateIssuer,
    request_pem: &str,
    device: &devices::Model,
    transaction: &DatabaseTransaction,
    now: DateTime<Utc>,
) -> Result<IssuedCertificate, RegisterError> {
    let branch = branches::Entity::find_by_id(device.branch_id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::Internal("a device stands at no branch"))?;
    let kind = DeviceKind::try_from(device.kind).map_err(StoreError::from)?;
    let subject = DeviceSubject { device_id: device.id, kind, branch: branch.code };
    issuer.issue(request_pem, &subject, now).map_err(|fault| match fault {
        IssueFault::RequestInvalid { rule } => {
            RegisterError::FieldInvalid { field: "certificate_request_pem", rule }
        }
        IssueFault::Failed => RegisterError::Internal("the authority could not sign"),
    })
}

/// Keeps a certificate as one of the device's.
pub(super) async fn keep_certificate(
    transaction: &DatabaseTransaction,
    device_id: i64,
    certificate: &IssuedCertificate,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    device_certificates::ActiveModel {
        fingerprint: Set(certificate.fingerprint.to_vec()),
        device_id: Set(device_id),
        issued_at: Set(now),
        expires_at: Set(certificate.expires_at),
        first_used_at: Set(None),
        dropped_at: Set(None),
    }
    .insert(transaction)
    .await?;
    Ok(())
}
