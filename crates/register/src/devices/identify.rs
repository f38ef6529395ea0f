//! Which device a certificate names.

use crate::{Register, RegisterError};
use kortisto_domain::DeviceKind;
use kortisto_store::{
    StoreError,
    entities::{device_certificates, devices},
};
use sea_orm::EntityTrait as _;
use tokio::time::{Instant, timeout_at};

/// What never changes about a device, and so may be remembered with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownDevice {
    /// Its key.
    pub device_id: i64,
    /// What it is.
    pub kind: DeviceKind,
}

impl Register {
    /// The device with this certificate, whatever its state: whether it is in force is decided with
    /// the facts of each call.
    ///
    /// # Errors
    /// [`RegisterError::DeviceUnknown`] when the certificate was issued to no device.
    pub async fn identify(
        &self,
        fingerprint: &[u8; 32],
        deadline: Instant,
    ) -> Result<KnownDevice, RegisterError> {
        let look_up = async {
            let Some(certificate) = device_certificates::Entity::find_by_id(fingerprint.to_vec())
                .one(self.store.readers())
                .await?
            else {
                return Ok(None);
            };
            Ok::<_, StoreError>(
                devices::Entity::find_by_id(certificate.device_id).one(self.store.readers()).await?,
            )
        };
        let device = timeout_at(deadline, look_up)
            .await
            .map_err(|_| RegisterError::DeadlinePassed)??
            .ok_or(RegisterError::DeviceUnknown)?;
        let kind = DeviceKind::try_from(device.kind).map_err(StoreError::from)?;
        Ok(KnownDevice { device_id: device.id, kind })
    }
}
