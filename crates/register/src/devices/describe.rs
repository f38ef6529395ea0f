//! `DeviceService.GetDevice`: who am I, what may I ask?

use super::outside_lane::{Asking, record};
use crate::{Caller, Register, RegisterError, Rpc, permissions};
use chrono::{DateTime, Utc};
use kortisto_domain::{Decision, DeviceKind, ResourceKind, policy::PinPolicy};
use kortisto_store::{StoreError, entities::devices};
use sea_orm::{DatabaseTransaction, EntityTrait as _};
use std::sync::Arc;
use tokio::time::Instant;

/// What the register knows of a device.
#[derive(Debug, Clone)]
pub struct DeviceDescription {
    /// The operator's name for it.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The code of its branch.
    pub branch: String,
    /// The name of its branch.
    pub branch_name: String,
    /// The rpcs it may call.
    pub rpcs: Vec<&'static str>,
    /// The resources it may ask about.
    pub resources: Vec<String>,
    /// How PINs look.
    pub pins: PinPolicy,
    /// Now.
    pub server_time: DateTime<Utc>,
    /// When its certificate ends.
    pub certificate_expires_at: DateTime<Utc>,
}

impl Register {
    /// Describes the asking device to itself.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn describe_device(
        self: &Arc<Self>,
        caller: Caller,
        deadline: Instant,
    ) -> Result<DeviceDescription, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("get_device", deadline, move |transaction| {
                let register = Arc::clone(&register);
                Box::pin(async move { describe(&register, &caller, transaction).await })
            })
            .await
    }
}

async fn describe(
    register: &Register,
    caller: &Caller,
    transaction: &DatabaseTransaction,
) -> Result<DeviceDescription, RegisterError> {
    let asking = Asking::load(register, transaction, caller, None, None).await?;
    let device = asking.admit(Rpc::GetDevice)?;
    let row = devices::Entity::find_by_id(device.id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::DeviceUnknown)?;
    record(register, transaction, &asking, "get_device", &Decision::granted(), None).await?;
    let rulebook = register.rulebook();
    let branch = rulebook.branch(device.branch_id);
    let wanted = match device.kind {
        DeviceKind::Door => Some(ResourceKind::Door),
        DeviceKind::PcBooking => Some(ResourceKind::Pc),
        _ => None,
    };
    Ok(DeviceDescription {
        name: row.name,
        kind: device.kind,
        branch: branch.map(|branch| branch.code.clone()).unwrap_or_default(),
        branch_name: branch.map(|branch| branch.name.clone()).unwrap_or_default(),
        rpcs: permissions::callable(device.kind).map(Rpc::name).collect(),
        resources: rulebook
            .resources(device.branch_id)
            .filter(|(_, resource)| Some(resource.kind) == wanted)
            .map(|(code, _)| code.to_owned())
            .collect(),
        pins: rulebook.policies.pins(asking.moment.today()),
        server_time: asking.moment.at(),
        certificate_expires_at: device.certificate_expires_at,
    })
}
