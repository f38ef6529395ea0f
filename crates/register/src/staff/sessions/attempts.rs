//! One typed password of a staff account: counted and committed before it is verified, settled after.
//!
//! The count stands in the database that all servers share, so that many attempts at once cannot outrun it and a crash
//! cannot lose it. The desk has a budget too, the same as for PINs: one stolen desk cannot try one password on every
//! account. Unknown accounts count there as well.

use crate::{Register, RegisterError, desk::Windows};
use kortisto_domain::{
    Moment, StaffAccountState,
    pin_throttle::{DeviceAdmission, DeviceBudget, Presented},
    sign_in_throttle::{Admission, SignInThrottle},
};
use kortisto_store::{
    StoreError,
    entities::{devices, pin_attempts, staff_accounts},
    queries::{changes::AttemptOutcome, party::Device},
};
use kortisto_vault::{Password, StoredPin};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    sea_query::Expr,
};
use std::time::Duration;
use uuid::Uuid;

/// A password as it was typed, without the password.
#[derive(Clone, Copy)]
pub(super) struct Typed {
    /// The id of the attempt.
    pub(super) id: Uuid,
    /// The field that carries it.
    pub(super) id_field: &'static str,
    /// Keyed hash of the whole question.
    pub(super) request_hash: [u8; 32],
    /// Keyed hash of the user name.
    account_key: [u8; 16],
    /// Keyed hash of user name and password.
    pub(super) fingerprint: [u8; 32],
}

impl Typed {
    pub(super) fn new(
        register: &Register,
        (id_field, id): (&'static str, Uuid),
        rpc: &str,
        user_name: &str,
        passwords: &[&Password],
    ) -> Self {
        let prints: Vec<_> = passwords
            .iter()
            .map(|password| register.keys.password_fingerprint(user_name, password))
            .collect();
        let parts: Vec<&[u8]> =
            std::iter::once(rpc.as_bytes()).chain(prints.iter().map(<[u8; 32]>::as_slice)).collect();
        Self {
            id,
            id_field,
            request_hash: register.keys.request_fingerprint(&parts),
            account_key: register.keys.account_key(user_name),
            fingerprint: prints.first().copied().unwrap_or_default(),
        }
    }
}

/// What becomes of it.
pub(super) enum Reserved {
    /// Verify it; it has been counted. With nothing stored, verify nothing in the same time.
    Verify(Option<StoredPin>),
    /// It is answered as wrong.
    Refused,
    /// This desk has had too many.
    Throttled(Option<Duration>),
}

/// Where and when a password was typed.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) register: &'a Register,
    pub(super) transaction: &'a DatabaseTransaction,
    pub(super) device: &'a Device,
    pub(super) moment: &'a Moment,
}

impl Place<'_> {
    /// Counts an attempt at `account`, which is held; none where there is no such account.
    pub(super) async fn reserve(
        &self,
        typed: &Typed,
        account: Option<staff_accounts::Model>,
    ) -> Result<Reserved, RegisterError> {
        let found = pin_attempts::Entity::find_by_id((self.device.id, typed.id)).one(self.transaction).await;
        let pending = match found.map_err(StoreError::from)? {
            Some(row) if row.request_hash != typed.request_hash => {
                return Err(RegisterError::RequestIdReused { field: typed.id_field });
            }
            // Its server went away before it was settled: the same password tells nothing new.
            Some(row) if row.outcome == AttemptOutcome::Pending as i16 => true,
            Some(_) => return Ok(Reserved::Refused),
            None => false,
        };
        if !pending && let Some(throttled) = self.spend_budget().await? {
            return Ok(throttled);
        }
        let known = account.and_then(|account| Some((stored(&account)?, account)));
        let Some((hash, account)) =
            known.filter(|(_, account)| account.state == StaffAccountState::Active.code())
        else {
            if !pending {
                self.count(typed, AttemptOutcome::Pending).await?;
            }
            return Ok(Reserved::Verify(None));
        };
        if pending {
            return Ok(Reserved::Verify(Some(hash)));
        }
        let presented = match &account.last_wrong {
            Some(last) if last.as_slice() == typed.fingerprint => Presented::KnownWrong,
            _ => Presented::New,
        };
        let (admission, next) = throttle(&account).reserve(presented, self.moment.at());
        let outcome = match admission {
            Admission::Verify => AttemptOutcome::Pending,
            Admission::KnownWrong => AttemptOutcome::Repeated,
            Admission::Locked => AttemptOutcome::Wrong,
        };
        self.count(typed, outcome).await?;
        if admission != Admission::Verify {
            return Ok(Reserved::Refused);
        }
        self.keep(account.into_active_model(), next).await?;
        Ok(Reserved::Verify(Some(hash)))
    }

    /// Notes how an attempt ended.
    pub(super) async fn settle(&self, typed: &Typed, outcome: AttemptOutcome) -> Result<(), RegisterError> {
        pin_attempts::Entity::update_many()
            .col_expr(pin_attempts::Column::Outcome, Expr::value(outcome as i16))
            .filter(pin_attempts::Column::DeviceId.eq(self.device.id))
            .filter(pin_attempts::Column::AttemptId.eq(typed.id))
            .exec(self.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(())
    }

    /// Remembers a wrong password, so that the same one again is not counted.
    pub(super) async fn settle_wrong(
        &self,
        typed: &Typed,
        account: Option<staff_accounts::Model>,
    ) -> Result<(), RegisterError> {
        self.settle(typed, AttemptOutcome::Wrong).await?;
        if let Some(account) = account {
            let mut row = account.into_active_model();
            row.last_wrong = Set(Some(typed.fingerprint.to_vec()));
            row.update(self.transaction).await.map_err(StoreError::from)?;
        }
        Ok(())
    }

    /// The vault had no time: nothing was learnt, so nothing counts.
    pub(super) async fn give_back(
        &self,
        typed: &Typed,
        account: Option<staff_accounts::Model>,
    ) -> Result<(), RegisterError> {
        pin_attempts::Entity::delete_by_id((self.device.id, typed.id))
            .exec(self.transaction)
            .await
            .map_err(StoreError::from)?;
        if let Some(account) = account {
            let next = throttle(&account).give_back();
            self.keep(account.into_active_model(), next).await?;
        }
        Ok(())
    }

    async fn count(&self, typed: &Typed, outcome: AttemptOutcome) -> Result<(), RegisterError> {
        let row = pin_attempts::ActiveModel {
            device_id: Set(self.device.id),
            attempt_id: Set(typed.id),
            card_key: Set(typed.account_key.to_vec()),
            request_hash: Set(typed.request_hash.to_vec()),
            at: Set(self.moment.at()),
            outcome: Set(outcome as i16),
        };
        row.insert(self.transaction)
            .await
            .map_err(|error| crate::staff::operation::came_first(error.into()))?;
        Ok(())
    }

    async fn keep(
        &self,
        mut row: staff_accounts::ActiveModel,
        state: SignInThrottle,
    ) -> Result<(), RegisterError> {
        row.failures = Set(i16::try_from(state.failures).unwrap_or(i16::MAX));
        row.locked_until = Set(state.locked_until);
        row.update(self.transaction).await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Whether this desk has had too many failures; a desk that waits for staff is marked so.
    async fn spend_budget(&self) -> Result<Option<Reserved>, RegisterError> {
        use pin_attempts::Column;
        let at = self.moment.at();
        let failures = pin_attempts::Entity::find()
            .filter(Column::DeviceId.eq(self.device.id))
            .filter(Column::Outcome.is_in([AttemptOutcome::Pending as i16, AttemptOutcome::Wrong as i16]));
        let windows = Windows::at(self.moment, self.register.surroundings.zone);
        let in_window = failures.clone().filter(Column::At.gt(windows.window_from.0));
        let oldest = in_window
            .clone()
            .order_by_asc(Column::At)
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?;
        let failures_last_10_min = in_window.count(self.transaction).await.map_err(StoreError::from)?;
        let accounts = failures
            .filter(Column::At.gte(windows.day_from.0))
            .select_only()
            .column(Column::CardKey)
            .distinct()
            .count(self.transaction)
            .await
            .map_err(StoreError::from)?;
        let device = devices::Entity::find_by_id(self.device.id)
            .one(self.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::DeviceUnknown)?;
        let budget = DeviceBudget {
            failures_last_10_min: u32::try_from(failures_last_10_min).unwrap_or(u32::MAX),
            oldest_failure_at: oldest.map(|row| row.at),
            distinct_failing_cards_today: u32::try_from(accounts).unwrap_or(u32::MAX),
            suspended: device.pin_suspended_at.is_some(),
        };
        match budget.admit(self.device.kind, at) {
            DeviceAdmission::Admit => Ok(None),
            DeviceAdmission::RetryAfter(wait) => {
                Ok(Some(Reserved::Throttled(Some(wait.to_std().unwrap_or(Duration::from_secs(1))))))
            }
            DeviceAdmission::StaffRelease => {
                if device.pin_suspended_at.is_none() {
                    let mut row = device.into_active_model();
                    row.pin_suspended_at = Set(Some(at));
                    row.update(self.transaction).await.map_err(StoreError::from)?;
                    tracing::warn!(
                        device_id = self.device.id,
                        "device.pin_suspended: too many staff accounts failed here today"
                    );
                }
                Ok(Some(Reserved::Throttled(None)))
            }
        }
    }
}

/// The account with this name, held until the transaction ends.
pub(super) async fn held_account(
    transaction: &DatabaseTransaction,
    user_name: &str,
) -> Result<Option<staff_accounts::Model>, RegisterError> {
    let found = staff_accounts::Entity::find()
        .filter(staff_accounts::Column::UserName.eq(user_name))
        // SQLite has one writer, and this is it.
        .lock_exclusive()
        .one(transaction)
        .await;
    Ok(found.map_err(StoreError::from)?)
}

/// The password of an account as it is kept; none where it has none.
pub(super) fn stored(account: &staff_accounts::Model) -> Option<StoredPin> {
    Some(StoredPin {
        scheme: account.password_scheme?,
        key_id: account.password_key_id?,
        hash: account.password_hash.clone()?,
    })
}

fn throttle(account: &staff_accounts::Model) -> SignInThrottle {
    SignInThrottle {
        failures: u16::try_from(account.failures).unwrap_or(u16::MAX),
        locked_until: account.locked_until,
    }
}
