//! Who is signed in at a desk, and with which duties.

use crate::{Caller, Register, RegisterError};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto_domain::{Moment, StaffAccountState, StaffRole};
use kortisto_store::{
    StoreError,
    entities::{staff_accounts, staff_roles, staff_sessions},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use uuid::Uuid;

/// The use of a session is written down at most this often.
const LAST_USED_STEP: TimeDelta = TimeDelta::seconds(60);

/// The desk that asks, and how its user proves who they are.
#[derive(Clone)]
pub struct StaffCaller {
    /// The desk's certificate.
    pub desk: Caller,
    /// What came with the call.
    pub proof: StaffProof,
}

/// How somebody at a desk proves who they are.
#[derive(Clone)]
pub enum StaffProof {
    /// The hash of the token that signing in gave.
    Session([u8; 32]),
    /// A token of the consortium's own identity provider. Its signature, issuer, audience and times have been checked.
    OpenId {
        /// Whom the provider names.
        subject: String,
        /// When the token ends.
        expires_at: DateTime<Utc>,
    },
}

/// A staff account that is signed in.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: i64,
    pub(crate) user_name: String,
    /// The session of a desk; none where the identity provider keeps it.
    pub(crate) session: Option<Uuid>,
    /// When session or token end at the latest.
    pub(crate) proven_until: DateTime<Utc>,
    /// The roles in force at this moment.
    pub(crate) roles: Vec<StaffRole>,
    /// Whether the confidentiality undertaking has been given (A117).
    pub(crate) undertaken: bool,
    /// Whether the password was given by somebody else and has to be changed first.
    pub(crate) must_change: bool,
}

/// The account of a running session at this desk, if there is one.
pub(crate) async fn signed_in(
    register: &Register,
    transaction: &DatabaseTransaction,
    caller: &StaffCaller,
    moment: &Moment,
) -> Result<Account, RegisterError> {
    match &caller.proof {
        StaffProof::Session(token_hash) => {
            let policies = &register.rulebook_in(transaction).await?.policies;
            let idle = TimeDelta::minutes(policies.staff(moment.today()).session_idle_minutes.into());
            by_session(transaction, caller, token_hash, idle, moment).await
        }
        StaffProof::OpenId { subject, expires_at } => {
            by_subject(transaction, subject, *expires_at, moment).await
        }
    }
}

async fn by_subject(
    transaction: &DatabaseTransaction,
    subject: &str,
    expires_at: DateTime<Utc>,
    moment: &Moment,
) -> Result<Account, RegisterError> {
    let account = staff_accounts::Entity::find()
        .filter(staff_accounts::Column::OidcSubject.eq(subject))
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .filter(|account| account.state == StaffAccountState::Active.code())
        .ok_or(RegisterError::StaffSessionUnknown)?;
    // The password of the account, if it has one, is not what was given here.
    let account = staff_accounts::Model { must_change: false, ..account };
    of_row(transaction, account, None, expires_at, moment).await
}

async fn by_session(
    transaction: &DatabaseTransaction,
    caller: &StaffCaller,
    token_hash: &[u8; 32],
    idle: TimeDelta,
    moment: &Moment,
) -> Result<Account, RegisterError> {
    let at = moment.at();
    let session = staff_sessions::Entity::find()
        .filter(staff_sessions::Column::TokenHash.eq(token_hash.to_vec()))
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .filter(|session| {
            session.device_id == caller.desk.device_id
                && session.ended_at.is_none()
                && at < session.expires_at
                && at < session.last_used_at + idle
        })
        .ok_or(RegisterError::StaffSessionUnknown)?;
    let account = staff_accounts::Entity::find_by_id(session.account_id)
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .filter(|account| account.state == StaffAccountState::Active.code())
        .ok_or(RegisterError::StaffSessionUnknown)?;
    let (id, expires_at) = (session.id, session.expires_at);
    if at - session.last_used_at >= LAST_USED_STEP {
        let mut row = session.into_active_model();
        row.last_used_at = Set(at);
        row.update(transaction).await.map_err(StoreError::from)?;
    }
    of_row(transaction, account, Some(id), expires_at, moment).await
}

async fn of_row(
    transaction: &DatabaseTransaction,
    account: staff_accounts::Model,
    session: Option<Uuid>,
    proven_until: DateTime<Utc>,
    moment: &Moment,
) -> Result<Account, RegisterError> {
    let roles = staff_roles::Entity::find()
        .filter(staff_roles::Column::AccountId.eq(account.id))
        .filter(staff_roles::Column::RevokedAt.is_null())
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let in_force = |role: &&staff_roles::Model| {
        role.valid_from <= moment.at() && role.valid_until.is_none_or(|end| moment.at() < end)
    };
    let roles = roles.iter().filter(in_force).map(|role| StaffRole::try_from(role.role));
    Ok(Account {
        id: account.id,
        user_name: account.user_name,
        session,
        proven_until,
        roles: roles.collect::<Result<_, _>>().map_err(StoreError::from)?,
        undertaken: account.undertaken_at.is_some(),
        must_change: account.must_change,
    })
}
