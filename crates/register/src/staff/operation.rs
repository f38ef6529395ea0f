//! The one way of every staff operation.

use super::{
    Account, StaffCaller, StaffDesk, StaffRpc, account, duties,
    trail::{self, Signature, Who},
};
use crate::{Register, RegisterError, devices::outside_lane::Asking};
use chrono::{DateTime, Utc};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::remembered_answers};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, DatabaseTransaction};
use serde::{Serialize, de::DeserializeOwned};
use std::{pin::Pin, sync::Arc};
use tokio::time::Instant;
use uuid::Uuid;

/// Something that staff change. What is serialised is what makes two requests the same under one request id, so a
/// secret in it is skipped and stands there as its keyed fingerprint.
pub trait StaffChange: Serialize + Send + Sync + 'static {
    /// Its rpc.
    const RPC: StaffRpc;
    /// What it answers; kept for replays, so a secret in it is derived anew and not kept.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// The id under which it is answered once.
    fn request_id(&self) -> Uuid;

    /// Does it. Whatever fails rolls everything back.
    ///
    /// # Errors
    /// [`RegisterError`].
    fn apply(
        &self,
        desk: &mut StaffDesk<'_>,
    ) -> impl Future<Output = Result<Self::Answer, RegisterError>> + Send;
}

/// Something that staff look at. It changes nothing but the audit trail.
pub trait StaffView: Send + Sync + 'static {
    /// Its rpc.
    const RPC: StaffRpc;
    /// What it shows.
    type Answer: Send + 'static;

    /// Why; none where the rpc shows no personal data.
    fn purpose(&self) -> Option<Purpose>;

    /// Looks.
    ///
    /// # Errors
    /// [`RegisterError`].
    fn look(
        &self,
        desk: &mut StaffDesk<'_>,
    ) -> impl Future<Output = Result<Self::Answer, RegisterError>> + Send;
}

impl Register {
    /// Does a change for the staff member who is signed in at the desk.
    ///
    /// # Errors
    /// [`RegisterError`]; when the duty does not allow it, an audit row says so.
    pub async fn staff_change<O: StaffChange>(
        self: &Arc<Self>,
        caller: StaffCaller,
        operation: O,
        deadline: Instant,
    ) -> Result<O::Answer, RegisterError> {
        let (register, operation, caller) = (Arc::clone(self), Arc::new(operation), Arc::new(caller));
        self.store
            .unit_of_work(O::RPC.name(), deadline, move |transaction| {
                let (register, operation) = (Arc::clone(&register), Arc::clone(&operation));
                let caller = Arc::clone(&caller);
                Box::pin(async move { change(&register, &caller, &*operation, transaction).await })
            })
            .await?
    }

    /// Reads what a change needs to know before work that no transaction should wait for, if the staff member who is
    /// signed in at the desk may call it at all. The change asks again.
    pub(crate) async fn staff_glance<T, F>(
        self: &Arc<Self>,
        caller: StaffCaller,
        rpc: StaffRpc,
        request_id: Uuid,
        deadline: Instant,
        read: F,
    ) -> Result<T, RegisterError>
    where
        T: Send + 'static,
        F: for<'d> Fn(
                &'d StaffDesk<'d>,
            ) -> Pin<Box<dyn Future<Output = Result<T, RegisterError>> + Send + 'd>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let (register, caller) = (Arc::clone(self), Arc::new(caller));
        self.store
            .unit_of_work(rpc.name(), deadline, move |transaction| {
                let (register, caller, read) = (Arc::clone(&register), Arc::clone(&caller), read.clone());
                Box::pin(async move {
                    let request_id = Some(request_id);
                    let call = Call {
                        register: &register,
                        caller: &caller,
                        rpc,
                        purpose: None,
                        request_id,
                        transaction,
                    };
                    let (asking, account) = match call.admit().await? {
                        Ok(admitted) => admitted,
                        Err(refusal) => return Ok(Err(refusal)),
                    };
                    let desk = call.desk(&asking, account)?;
                    read(&desk).await.map(Ok)
                })
            })
            .await?
    }

    /// Shows something to the staff member who is signed in at the desk.
    ///
    /// # Errors
    /// [`RegisterError`]; when duty or purpose do not allow it, an audit row says so.
    pub async fn staff_view<O: StaffView>(
        self: &Arc<Self>,
        caller: StaffCaller,
        operation: O,
        deadline: Instant,
    ) -> Result<O::Answer, RegisterError> {
        let (register, operation, caller) = (Arc::clone(self), Arc::new(operation), Arc::new(caller));
        self.store
            .unit_of_work(O::RPC.name(), deadline, move |transaction| {
                let (register, operation) = (Arc::clone(&register), Arc::clone(&operation));
                let caller = Arc::clone(&caller);
                Box::pin(async move { view(&register, &caller, &*operation, transaction).await })
            })
            .await?
    }
}

/// The outer error rolls back; the inner one is a refusal whose audit row is committed.
type Concluded<A> = Result<Result<A, RegisterError>, RegisterError>;

async fn change<O: StaffChange>(
    register: &Register,
    caller: &StaffCaller,
    operation: &O,
    transaction: &DatabaseTransaction,
) -> Concluded<O::Answer> {
    let request_id = operation.request_id();
    let body = serde_json::to_vec(operation).map_err(|_| RegisterError::Internal("a request has no body"))?;
    let hash = register.keys.request_fingerprint(&[O::RPC.name().as_bytes(), &body]);
    let call =
        Call { register, caller, rpc: O::RPC, purpose: None, request_id: Some(request_id), transaction };
    let (asking, account) = match call.admit().await? {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(answer) = asking.remembered(&hash)? {
        let answer = serde_json::from_str(answer)
            .map_err(|_| RegisterError::Internal("a remembered answer cannot be read"))?;
        return Ok(Ok(answer));
    }
    let mut desk = call.desk(&asking, account)?;
    let answer = operation.apply(&mut desk).await?;
    call.leave_trail(desk).await?;
    let kept = to_keep(&answer)?;
    remember(transaction, caller.desk.device_id, request_id, &hash, kept, asking.moment.at()).await?;
    Ok(Ok(answer))
}

/// An answer as it is kept.
pub(super) fn to_keep<A: Serialize>(answer: &A) -> Result<String, RegisterError> {
    serde_json::to_string(answer).map_err(|_| RegisterError::Internal("an answer cannot be kept"))
}

/// Keeps the answer to a request id for its replay.
pub(super) async fn remember(
    transaction: &DatabaseTransaction,
    device_id: i64,
    request_id: Uuid,
    request_hash: &[u8],
    answer: String,
    at: DateTime<Utc>,
) -> Result<(), RegisterError> {
    let row = remembered_answers::ActiveModel {
        device_id: Set(device_id),
        request_id: Set(request_id),
        request_hash: Set(request_hash.to_vec()),
        answer: Set(answer),
        at: Set(at),
    };
    row.insert(transaction).await.map_err(|error| came_first(error.into()))?;
    Ok(())
}

/// The same id at the same moment on another connection: the next try finds its answer.
pub(super) fn came_first(error: StoreError) -> RegisterError {
    match error {
        StoreError::Unique { .. } => RegisterError::Unavailable,
        error => error.into(),
    }
}

async fn view<O: StaffView>(
    register: &Register,
    caller: &StaffCaller,
    operation: &O,
    transaction: &DatabaseTransaction,
) -> Concluded<O::Answer> {
    let purpose = operation.purpose();
    let call = Call { register, caller, rpc: O::RPC, purpose, request_id: None, transaction };
    let (asking, account) = match call.admit().await? {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut desk = call.desk(&asking, account)?;
    let answer = operation.look(&mut desk).await?;
    call.leave_trail(desk).await?;
    Ok(Ok(answer))
}

/// One staff call on its way.
struct Call<'c> {
    register: &'c Register,
    caller: &'c StaffCaller,
    rpc: StaffRpc,
    purpose: Option<Purpose>,
    request_id: Option<Uuid>,
    transaction: &'c DatabaseTransaction,
}

impl<'c> Call<'c> {
    /// Desk, session, undertaking, duty and purpose, in this order.
    async fn admit(&self) -> Concluded<(Asking, Account)> {
        let asking =
            Asking::load(self.register, self.transaction, &self.caller.desk, None, self.request_id).await?;
        asking.admit_desk()?;
        let account =
            account::signed_in(self.register, self.transaction, self.caller, &asking.moment).await?;
        let (refusal, name) = if account.must_change && !duties::before_new_password(self.rpc) {
            (RegisterError::PasswordChangeRequired, "PASSWORD_CHANGE_REQUIRED")
        } else if !account.undertaken && !duties::before_undertaking(self.rpc) {
            (RegisterError::UndertakingRequired, "UNDERTAKING_REQUIRED")
        } else if !duties::may_call(&account.roles, self.rpc) {
            (RegisterError::DutyForbidden { rpc: self.rpc }, "DUTY_FORBIDDEN")
        } else if !duties::may_for(&account.roles, self.purpose, self.rpc) {
            (RegisterError::PurposeForbidden { rpc: self.rpc }, "PURPOSE_FORBIDDEN")
        } else {
            return Ok(Ok((asking, account)));
        };
        let signature = self.signature(&asking, &account, Some(name))?;
        trail::write(self.transaction, &self.register.surroundings, &signature, Vec::new()).await?;
        Ok(Err(refusal))
    }

    fn desk(&self, asking: &Asking, account: Account) -> Result<StaffDesk<'c>, RegisterError> {
        Ok(StaffDesk {
            register: self.register,
            transaction: self.transaction,
            moment: asking.moment,
            account,
            device: asking.admit_desk()?.clone(),
            purpose: self.purpose,
            trail: Vec::new(),
        })
    }

    async fn leave_trail(&self, desk: StaffDesk<'_>) -> Result<(), RegisterError> {
        let signature = Signature {
            action: self.rpc.action(),
            who: Who::SignedIn { device: &desk.device, account: &desk.account },
            purpose: self.purpose,
            request_id: self.request_id,
            at: desk.moment.at(),
            refusal: None,
        };
        trail::write(self.transaction, &self.register.surroundings, &signature, desk.trail).await
    }

    fn signature<'a>(
        &self,
        asking: &'a Asking,
        account: &'a Account,
        refusal: Option<&'static str>,
    ) -> Result<Signature<'a>, RegisterError> {
        Ok(Signature {
            action: self.rpc.action(),
            who: Who::SignedIn { device: asking.admit_desk()?, account },
            purpose: self.purpose,
            request_id: self.request_id,
            at: asking.moment.at(),
            refusal,
        })
    }
}
