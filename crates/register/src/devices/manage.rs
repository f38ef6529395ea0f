//! What an operator does with devices, from the command line.

use crate::Surroundings;
use chrono::{DateTime, Duration, Utc};
use kortisto_domain::{DeviceKind, DeviceState};
use kortisto_store::{
    Retryable, Store, StoreError,
    entities::{audit, branches, device_certificates, devices, enrolment_codes, pin_attempts},
    queries::changes::AttemptOutcome,
};
use kortisto_vault::EnrolmentCode;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, sea_query::Expr,
};
use std::collections::HashMap;
use tokio::time::Instant;

/// How long an enrolment code may be used (reliability 2.5).
const CODE_LIFE: Duration = Duration::minutes(10);

/// A device to be.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// The operator's name for it, 1 to 64 characters, unique.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The code of its branch.
    pub branch: String,
}

/// A device, for a list.
#[derive(Debug, Clone)]
pub struct DeviceSummary {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The code of its branch.
    pub branch: String,
    /// Whether it may ask.
    pub state: DeviceState,
    /// When it last asked, to the minute.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When the newest of its certificates ends.
    pub certificate_expires_at: Option<DateTime<Utc>>,
    /// Since when its PIN attempts wait for staff.
    pub pin_suspended_at: Option<DateTime<Utc>>,
}

/// Why an operator's command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManageFault {
    /// No device has this name.
    #[error("no device is called {0:?}; `kortisto device list` shows them")]
    NoDevice(String),
    /// No branch has this code.
    #[error("no branch has the code {0:?}; `kortisto import branches` brings them in")]
    NoBranch(String),
    /// The device exists with another kind or branch, or is revoked.
    #[error("device {0:?} exists and is of another kind or branch, or revoked; choose another name")]
    Taken(String),
    /// The name is empty or too long.
    #[error("a device's name has 1 to 64 characters")]
    BadName,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Retryable for ManageFault {
    fn retryable(&self) -> bool {
        matches!(self, Self::Store(error) if error.retryable())
    }
}

/// Makes a one-time code for a device, which it creates if there is none of that name. Earlier unused
/// codes of the device stop working.
///
/// # Errors
/// [`ManageFault`].
pub async fn create_enrolment_code(
    store: &Store,
    surroundings: &Surroundings,
    new: NewDevice,
    deadline: Instant,
) -> Result<EnrolmentCode, ManageFault> {
    if new.name.is_empty() || new.name.chars().count() > 64 || new.name.chars().any(char::is_control) {
        return Err(ManageFault::BadName);
    }
    let code = EnrolmentCode::random(&*surroundings.random);
    let (hash, surroundings) = (code.hash(), surroundings.clone());
    store
        .unit_of_work("create_enrolment_code", deadline, move |transaction| {
            let (new, surroundings) = (new.clone(), surroundings.clone());
            Box::pin(async move { keep_code(transaction, &surroundings, &new, hash).await })
        })
        .await?;
    Ok(code)
}

async fn keep_code(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    new: &NewDevice,
    code_hash: [u8; 32],
) -> Result<(), ManageFault> {
    let now = surroundings.clock.now();
    let branch = branches::Entity::find()
        .filter(branches::Column::Code.eq(&new.branch))
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or_else(|| ManageFault::NoBranch(new.branch.clone()))?;
    let device = match by_name(transaction, &new.name).await? {
        Some(device)
            if device.kind == new.kind.code()
                && device.branch_id == branch.id
                && device.state != DeviceState::Revoked.code() =>
        {
            device
        }
        Some(_) => return Err(ManageFault::Taken(new.name.clone())),
        None => devices::ActiveModel {
            name: Set(new.name.clone()),
            kind: Set(new.kind.code()),
            branch_id: Set(branch.id),
            state: Set(DeviceState::Pending.code()),
            created_at: Set(now),
            ..Default::default()
        }
        .insert(transaction)
        .await
        .map_err(StoreError::from)?,
    };
    enrolment_codes::Entity::update_many()
        .col_expr(enrolment_codes::Column::ExpiresAt, Expr::value(now))
        .filter(enrolment_codes::Column::DeviceId.eq(device.id))
        .filter(enrolment_codes::Column::UsedAt.is_null())
        .filter(enrolment_codes::Column::ExpiresAt.gt(now))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    enrolment_codes::ActiveModel {
        code_hash: Set(code_hash.to_vec()),
        device_id: Set(device.id),
        created_at: Set(now),
        expires_at: Set(now + CODE_LIFE),
        used_at: Set(None),
    }
    .insert(transaction)
    .await
    .map_err(StoreError::from)?;
    record(transaction, surroundings, "create_enrolment_code", &device).await
}

/// Shuts a device out for good, from its next call on, also on open connections.
///
/// # Errors
/// [`ManageFault`].
pub async fn revoke(
    store: &Store,
    surroundings: &Surroundings,
    name: String,
    deadline: Instant,
) -> Result<(), ManageFault> {
    let surroundings = surroundings.clone();
    store
        .unit_of_work("revoke_device", deadline, move |transaction| {
            let (name, surroundings) = (name.clone(), surroundings.clone());
            Box::pin(async move {
                let device =
                    by_name(transaction, &name).await?.ok_or_else(|| ManageFault::NoDevice(name.clone()))?;
                let mut row = device.clone().into_active_model();
                row.state = Set(DeviceState::Revoked.code());
                row.revoked_at = Set(Some(surroundings.clock.now()));
                row.update(transaction).await.map_err(StoreError::from)?;
                record(transaction, &surroundings, "revoke_device", &device).await
            })
        })
        .await
}

/// Lets a device try PINs again after too many cards failed at it. What failed there until now does not count
/// against it any more: else the same day would suspend it again at once.
///
/// # Errors
/// [`ManageFault`].
pub async fn release(
    store: &Store,
    surroundings: &Surroundings,
    name: String,
    deadline: Instant,
) -> Result<(), ManageFault> {
    let surroundings = surroundings.clone();
    store
        .unit_of_work("release_device", deadline, move |transaction| {
            let (name, surroundings) = (name.clone(), surroundings.clone());
            Box::pin(async move {
                let device =
                    by_name(transaction, &name).await?.ok_or_else(|| ManageFault::NoDevice(name.clone()))?;
                let counted = [AttemptOutcome::Pending as i16, AttemptOutcome::Wrong as i16];
                pin_attempts::Entity::update_many()
                    .col_expr(pin_attempts::Column::Outcome, Expr::value(AttemptOutcome::Repeated as i16))
                    .filter(pin_attempts::Column::DeviceId.eq(device.id))
                    .filter(pin_attempts::Column::Outcome.is_in(counted))
                    .exec(transaction)
                    .await
                    .map_err(StoreError::from)?;
                let mut row = device.clone().into_active_model();
                row.pin_suspended_at = Set(None);
                row.update(transaction).await.map_err(StoreError::from)?;
                record(transaction, &surroundings, "release_device", &device).await
            })
        })
        .await
}

/// Every device, by name.
///
/// # Errors
/// [`ManageFault`].
pub async fn list(store: &Store) -> Result<Vec<DeviceSummary>, ManageFault> {
    let codes: HashMap<i64, String> = branches::Entity::find()
        .all(store.readers())
        .await
        .map_err(StoreError::from)?
        .into_iter()
        .map(|branch| (branch.id, branch.code))
        .collect();
    let found = devices::Entity::find()
        .order_by_asc(devices::Column::Name)
        .all(store.readers())
        .await
        .map_err(StoreError::from)?;
    let mut summaries = Vec::with_capacity(found.len());
    for device in found {
        let newest = device_certificates::Entity::find()
            .filter(device_certificates::Column::DeviceId.eq(device.id))
            .filter(device_certificates::Column::DroppedAt.is_null())
            .order_by_desc(device_certificates::Column::ExpiresAt)
            .one(store.readers())
            .await
            .map_err(StoreError::from)?;
        summaries.push(DeviceSummary {
            name: device.name,
            kind: DeviceKind::try_from(device.kind).map_err(StoreError::from)?,
            branch: codes.get(&device.branch_id).cloned().unwrap_or_default(),
            state: DeviceState::try_from(device.state).map_err(StoreError::from)?,
            last_seen_at: device.last_seen_at,
            certificate_expires_at: newest.map(|certificate| certificate.expires_at),
            pin_suspended_at: device.pin_suspended_at,
        });
    }
    Ok(summaries)
}

async fn by_name(
    transaction: &DatabaseTransaction,
    name: &str,
) -> Result<Option<devices::Model>, StoreError> {
    Ok(devices::Entity::find().filter(devices::Column::Name.eq(name)).one(transaction).await?)
}

async fn record(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    action: &str,
    device: &devices::Model,
) -> Result<(), ManageFault> {
    let now = surroundings.clock.now();
    audit::ActiveModel {
        id: Set(surroundings.new_id(now)),
        at: Set(now),
        action: Set(action.to_owned()),
        granted: Set(true),
        reasons: Set("[]".to_owned()),
        actor: Set("operator".to_owned()),
        device_id: Set(Some(device.id)),
        branch_id: Set(Some(device.branch_id)),
        ..Default::default()
    }
    .insert(transaction)
    .await
    .map_err(StoreError::from)?;
    Ok(())
}
