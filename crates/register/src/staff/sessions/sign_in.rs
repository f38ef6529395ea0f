//! `StaffSessionService.SignIn`: user name and password, once, for a token of this desk.
//!
//! Three steps, as with a PIN: the attempt is counted and committed, the password is verified on the vault's threads,
//! the outcome is settled. An unknown name, a wrong password, an account that waits and one that is shut have one
//! answer, which leaves in one rhythm.

use super::attempts::{Place, Reserved, Typed, held_account, stored};
use crate::{
    Caller, Register, RegisterError,
    devices::outside_lane::Asking,
    patrons::next_floor,
    staff::{
        operation::{remember, to_keep},
        trail::{self, Signature, Who},
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_domain::StaffAccountState;
use kortisto_store::{
    StoreError,
    entities::{staff_accounts, staff_sessions},
    queries::{changes::AttemptOutcome, party::Device},
};
use kortisto_vault::{Password, PasswordBinding, StoredPin, Verification, token_hash};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Uuid;

/// How long a session lasts at most, however busy.
const SESSION_LENGTH: TimeDelta = TimeDelta::hours(12);

/// Its name in the contract.
const RPC: &str = "StaffSessionService.SignIn";

/// Its name in the audit trail.
const ACTION: &str = "sign_in";

/// A row that no account has: an unknown one is hashed like any other.
const NO_ACCOUNT: i64 = 0;

/// Somebody at a desk who wants to sign in.
pub struct SignIn {
    /// The desk.
    pub desk: Caller,
    /// The id of the attempt, made by the desk.
    pub attempt_id: Uuid,
    /// The name of the account.
    pub user_name: String,
    /// What was typed.
    pub password: Password,
}

/// A session that is open.
pub struct SignedIn {
    /// What every later call carries.
    pub token: SecretString,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
}

/// What an attempt came to. Kept for replays, without the token, which is derived anew.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Answer {
    /// The session and its end; none where it was refused.
    session: Option<(Uuid, DateTime<Utc>)>,
}

const REFUSED: Answer = Answer { session: None };

/// One attempt on its way through the steps.
#[derive(Clone)]
struct Attempt {
    desk: Caller,
    user_name: String,
    typed: Typed,
}

enum Step {
    Answered(Answer),
    Throttled(RegisterError),
    Verify { account: Option<i64>, stored: Option<StoredPin> },
}

impl Register {
    /// Signs somebody in at a desk. A refusal takes the same time whatever is wrong.
    ///
    /// # Errors
    /// [`RegisterError::SignInRefused`] for all that is wrong with name, password or account;
    /// [`RegisterError::DeviceThrottled`] after too many failures at this desk.
    pub async fn sign_in(
        self: &Arc<Self>,
        ask: SignIn,
        deadline: Instant,
    ) -> Result<SignedIn, RegisterError> {
        let asked_at = Instant::now();
        let desk = ask.desk.device_id;
        let answer = self.count_and_verify_password(ask, deadline).await?;
        let Some((session, expires_at)) = answer.session else {
            sleep_until(next_floor(asked_at, Instant::now(), self.failure_floor).min(deadline)).await;
            return Err(RegisterError::SignInRefused);
        };
        Ok(SignedIn { token: self.keys.session_token(session.as_bytes(), desk), expires_at })
    }

    async fn count_and_verify_password(
        self: &Arc<Self>,
        ask: SignIn,
        deadline: Instant,
    ) -> Result<Answer, RegisterError> {
        let SignIn { desk, attempt_id, user_name, password } = ask;
        let typed = Typed::new(self, ("attempt_id", attempt_id), RPC, &user_name, &[&password]);
        let attempt = Attempt { desk, user_name, typed };
        let (account, stored) = match self.reserve_sign_in(attempt.clone(), deadline).await? {
            Step::Answered(answer) => return Ok(answer),
            Step::Throttled(error) => return Err(error),
            Step::Verify { account, stored } => (account, stored),
        };
        let owner = PasswordBinding::StaffAccount(account.unwrap_or(NO_ACCOUNT));
        let verifying = self.vault.verify(password, owner, stored.clone());
        let verified = timeout_at(deadline, verifying).await.map_err(|_| RegisterError::DeadlinePassed)?;
        if let Ok(Some(fault)) = verified.as_ref().map(|verification| &verification.fault) {
            tracing::error!(staff_account = account, %fault, "a stored password cannot be read");
        }
        let found = verified.as_ref().ok().cloned();
        let answer = self.settle_sign_in(attempt, stored, found, deadline).await?;
        verified?;
        Ok(answer)
    }

    async fn reserve_sign_in(
        self: &Arc<Self>,
        attempt: Attempt,
        deadline: Instant,
    ) -> Result<Step, RegisterError> {
        let (register, attempt) = (Arc::clone(self), Arc::new(attempt));
        self.store
            .unit_of_work(RPC, deadline, move |transaction| {
                let (register, attempt) = (Arc::clone(&register), Arc::clone(&attempt));
                Box::pin(async move { reserve(&register, &attempt, transaction).await })
            })
            .await
    }

    async fn settle_sign_in(
        self: &Arc<Self>,
        attempt: Attempt,
        verified_against: Option<StoredPin>,
        found: Option<Verification>,
        deadline: Instant,
    ) -> Result<Answer, RegisterError> {
        let (register, all) = (Arc::clone(self), Arc::new((attempt, verified_against, found)));
        self.store
            .unit_of_work(RPC, deadline, move |transaction| {
                let (register, all) = (Arc::clone(&register), Arc::clone(&all));
                Box::pin(async move {
                    let (attempt, verified_against, found) = &*all;
                    settle(&register, attempt, verified_against.as_ref(), found.as_ref(), transaction).await
                })
            })
            .await
    }
}

async fn reserve(
    register: &Register,
    attempt: &Attempt,
    transaction: &DatabaseTransaction,
) -> Result<Step, RegisterError> {
    let Attempt { desk, user_name, typed } = attempt;
    let asking = Asking::load(register, transaction, desk, None, Some(typed.id)).await?;
    let device = asking.admit_desk()?;
    if let Some(answer) = replayed(&asking, typed)? {
        return Ok(Step::Answered(answer));
    }
    let account = held_account(transaction, user_name).await?;
    let id = account.as_ref().map(|account| account.id);
    let place = Place { register, transaction, device, moment: &asking.moment };
    match place.reserve(typed, account).await? {
        Reserved::Verify(stored) => Ok(Step::Verify { account: id, stored }),
        Reserved::Throttled(retry_after) => {
            Ok(Step::Throttled(RegisterError::DeviceThrottled { retry_after }))
        }
        Reserved::Refused => {
            conclude(&place, typed, id, REFUSED).await?;
            Ok(Step::Answered(REFUSED))
        }
    }
}

fn replayed(asking: &Asking, typed: &Typed) -> Result<Option<Answer>, RegisterError> {
    let answer = asking.remembered(&typed.request_hash).map_err(|error| match error {
        RegisterError::RequestIdReused { .. } => RegisterError::RequestIdReused { field: typed.id_field },
        error => error,
    })?;
    answer.map(serde_json::from_str).transpose().map_err(|_| {
        // Another rpc answered this id; its hash cannot be the same.
        RegisterError::Internal("a remembered answer cannot be read")
    })
}

async fn settle(
    register: &Register,
    attempt: &Attempt,
    verified_against: Option<&StoredPin>,
    found: Option<&Verification>,
    transaction: &DatabaseTransaction,
) -> Result<Answer, RegisterError> {
    let Attempt { desk, user_name, typed } = attempt;
    let asking = Asking::load(register, transaction, desk, None, Some(typed.id)).await?;
    let device = asking.admit_desk()?;
    if let Some(answer) = replayed(&asking, typed)? {
        return Ok(answer);
    }
    let place = Place { register, transaction, device, moment: &asking.moment };
    let account = held_account(transaction, user_name).await?;
    let id = account.as_ref().map(|account| account.id);
    let Some(found) = found else {
        place.give_back(typed, account).await?;
        return Ok(REFUSED);
    };
    // What was verified has to be what still holds.
    let still = |account: &staff_accounts::Model| {
        account.state == StaffAccountState::Active.code() && stored(account).as_ref() == verified_against
    };
    let answer = match account {
        Some(account) if found.matches && still(&account) => {
            place.settle(typed, AttemptOutcome::Right).await?;
            open(&place, account, found.replacement.as_ref()).await?
        }
        account => {
            // Only of a password that was compared with what still holds is known that it is wrong.
            let compared = |account: &staff_accounts::Model| verified_against.is_some() && still(account);
            place.settle_wrong(typed, account.filter(compared)).await?;
            REFUSED
        }
    };
    conclude(&place, typed, id, answer).await?;
    Ok(answer)
}

/// Clears the count and opens a session, in place of an earlier one of the same account at the same desk.
async fn open(
    place: &Place<'_>,
    account: staff_accounts::Model,
    replacement: Option<&StoredPin>,
) -> Result<Answer, RegisterError> {
    let (register, at) = (place.register, place.moment.at());
    let account_id = account.id;
    let mut row = account.into_active_model();
    row.failures = Set(0);
    row.locked_until = Set(None);
    row.last_wrong = Set(None);
    if let Some(fresh) = replacement {
        row.password_scheme = Set(Some(fresh.scheme));
        row.password_key_id = Set(Some(fresh.key_id));
        row.password_hash = Set(Some(fresh.hash.clone()));
    }
    row.update(place.transaction).await.map_err(StoreError::from)?;
    staff_sessions::Entity::update_many()
        .col_expr(staff_sessions::Column::EndedAt, Expr::value(at))
        .filter(staff_sessions::Column::AccountId.eq(account_id))
        .filter(staff_sessions::Column::DeviceId.eq(place.device.id))
        .filter(staff_sessions::Column::EndedAt.is_null())
        .exec(place.transaction)
        .await
        .map_err(StoreError::from)?;
    let session = register.surroundings.new_pseudonym();
    let token = register.keys.session_token(session.as_bytes(), place.device.id);
    let hash = token_hash(token.expose_secret())
        .ok_or(RegisterError::Internal("a new session token is no token"))?;
    let expires_at = at + SESSION_LENGTH;
    let row = staff_sessions::ActiveModel {
        id: Set(session),
        token_hash: Set(hash.to_vec()),
        account_id: Set(account_id),
        device_id: Set(place.device.id),
        started_at: Set(at),
        last_used_at: Set(at),
        expires_at: Set(expires_at),
        ended_at: Set(None),
    };
    row.insert(place.transaction).await.map_err(StoreError::from)?;
    Ok(Answer { session: Some((session, expires_at)) })
}

/// Leaves the audit row and remembers the answer. The name that was typed stands nowhere: people type passwords there.
async fn conclude(
    place: &Place<'_>,
    typed: &Typed,
    account: Option<i64>,
    answer: Answer,
) -> Result<(), RegisterError> {
    let at = place.moment.at();
    let device: &Device = place.device;
    let session = answer.session.map(|(session, _)| session);
    let signature = Signature {
        action: ACTION.to_owned(),
        who: Who::AtDesk { device, account, session },
        purpose: None,
        request_id: Some(typed.id),
        at,
        refusal: session.is_none().then_some("SIGN_IN_REFUSED"),
    };
    trail::write(place.transaction, &place.register.surroundings, &signature, Vec::new()).await?;
    remember(place.transaction, device.id, typed.id, &typed.request_hash, to_keep(&answer)?, at).await
}
