//! `DeviceService.RenewCertificate`: a new certificate for a device that has one in force.

use super::{
    enrol::{keep_certificate, sign},
    issuer::CertificateIssuer,
    outside_lane::{Asking, record},
};
use crate::{Caller, Register, RegisterError, Rpc, desk::turn::request_hash};
use chrono::{DateTime, Utc};
use kortisto_domain::Decision;
use kortisto_store::{
    StoreError,
    entities::{devices, remembered_answers},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DatabaseTransaction, EntityTrait as _};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A new certificate. Kept for replays: it is public.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenewedCertificate {
    /// PEM.
    pub certificate_pem: String,
    /// The authority's certificate, PEM.
    pub authority_pem: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Register {
    /// Signs a new key for the asking device. Both certificates hold until the new one is first used.
    ///
    /// # Errors
    /// [`RegisterError::FieldInvalid`] for a request that cannot be signed, or where certificates come
    /// from an authority outside the register.
    pub async fn renew_certificate(
        self: &Arc<Self>,
        caller: Caller,
        request_id: Uuid,
        request_pem: String,
        deadline: Instant,
    ) -> Result<RenewedCertificate, RegisterError> {
        let Some(issuer) = self.issuer.clone() else {
            return Err(RegisterError::FieldInvalid {
                field: "certificate_request_pem",
                rule: "none: this consortium's certificates come from an authority outside the register"
                    .to_owned(),
            });
        };
        let register = Arc::clone(self);
        self.store
            .unit_of_work("renew_certificate", deadline, move |transaction| {
                let (register, issuer, pem) =
                    (Arc::clone(&register), Arc::clone(&issuer), request_pem.clone());
                Box::pin(
                    async move { renew(&register, &*issuer, &caller, request_id, &pem, transaction).await },
                )
            })
            .await
    }
}

async fn renew(
    register: &Register,
    issuer: &dyn CertificateIssuer,
    caller: &Caller,
    request_id: Uuid,
    request_pem: &str,
    transaction: &DatabaseTransaction,
) -> Result<RenewedCertificate, RegisterError> {
    let asking = Asking::load(register, transaction, caller, None, Some(request_id)).await?;
    let device_id = asking.admit(Rpc::RenewCertificate)?.id;
    let hash = request_hash(Rpc::RenewCertificate, &[request_pem.as_bytes()]);
    if let Some(answer) = asking.remembered(&hash)? {
        return serde_json::from_str(answer)
            .map_err(|_| RegisterError::Internal("a remembered answer cannot be read"));
    }
    let device = devices::Entity::find_by_id(device_id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::DeviceUnknown)?;
    let now = asking.moment.at();
    let issued = sign(issuer, request_pem, &device, transaction, now).await?;
    keep_certificate(transaction, device_id, &issued, now).await?;
    let renewed = RenewedCertificate {
        certificate_pem: issued.certificate_pem,
        authority_pem: issued.authority_pem,
        expires_at: issued.expires_at,
    };
    remembered_answers::ActiveModel {
        device_id: Set(device_id),
        request_id: Set(request_id),
        request_hash: Set(hash),
        answer: Set(serde_json::to_string(&renewed).expect("a certificate is plain text")),
        at: Set(now),
    }
    .insert(transaction)
    .await
    .map_err(StoreError::from)?;
    record(register, transaction, &asking, "renew_certificate", &Decision::granted(), None).await?;
    Ok(renewed)
}
