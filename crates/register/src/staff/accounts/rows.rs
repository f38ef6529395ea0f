//! What an administrator's call and an operator's command do alike: the rows of an account, and its first password.

use crate::{Register, RegisterError, staff::FieldChange};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    StaffAccountState, StaffRole,
    staff_account::{Grant, GrantFault, check_grant, is_shared_name, is_user_name},
};
use kortisto_store::{
    Store, StoreError,
    entities::{staff_accounts, staff_roles, staff_sessions},
};
use kortisto_vault::{Password, PasswordBinding, PinVault, StoredPin};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QuerySelect as _, sea_query::Expr,
};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// Longest name of a person, in characters.
const DISPLAY_NAME_CHARS_MAX: usize = 100;

/// A password that an account got from somebody else. Its owner changes it at the first use.
pub struct OneTimePassword(pub SecretString);

/// An account to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct NewAccount<'a> {
    pub(super) user_name: &'a str,
    pub(super) display_name: &'a str,
    pub(super) oidc_subject: Option<&'a str>,
    /// The request whose one-time password it gets; none where only the identity provider knows its owner.
    pub(super) password_request: Option<Uuid>,
}

/// A duty to be.
#[derive(Debug, Clone)]
pub(super) struct NewRole<'a> {
    pub(super) role: StaffRole,
    pub(super) valid_from: Option<DateTime<Utc>>,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) ticket: Option<&'a str>,
}

/// When and by whom.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) at: DateTime<Utc>,
    pub(super) by: String,
}

/// How the audit trail names an account.
pub(super) fn named(account: i64) -> String {
    format!("staff account {account}")
}

/// The account with this name, held until the transaction ends.
pub(super) async fn held(
    transaction: &DatabaseTransaction,
    user_name: &str,
) -> Result<staff_accounts::Model, RegisterError> {
    staff_accounts::Entity::find()
        .filter(staff_accounts::Column::UserName.eq(user_name))
        // SQLite has one writer, and this is it.
        .lock_exclusive()
        .one(transaction)
        .await
        .map_err(StoreError::from)?
        .ok_or(RegisterError::NotFound { what: "staff account" })
}

/// Makes an account without a password and gives its key.
pub(super) async fn create(
    transaction: &DatabaseTransaction,
    new: NewAccount<'_>,
    act: &Act,
) -> Result<(i64, Vec<FieldChange>), RegisterError> {
    if !is_user_name(new.user_name) {
        let rule = "3 to 50 characters of a-z, 0-9, '.', '-' and '_', beginning with a letter".to_owned();
        return Err(RegisterError::FieldInvalid { field: "user_name", rule });
    }
    if is_shared_name(new.user_name) {
        let rule = "the name of one person: an account is nobody else's (A114)".to_owned();
        return Err(RegisterError::FieldInvalid { field: "user_name", rule });
    }
    let name = new.display_name;
    let printable = name.trim() == name && !name.chars().any(char::is_control);
    if name.is_empty() || name.chars().count() > DISPLAY_NAME_CHARS_MAX || !printable {
        let rule = format!("the person's name, 1 to {DISPLAY_NAME_CHARS_MAX} printable characters");
        return Err(RegisterError::FieldInvalid { field: "display_name", rule });
    }
    let taken = staff_accounts::Entity::find()
        .filter(staff_accounts::Column::UserName.eq(new.user_name))
        .one(transaction)
        .await
        .map_err(StoreError::from)?;
    if taken.is_some() {
        return Err(RegisterError::AlreadyExists { field: "user_name" });
    }
    if let Some(subject) = new.oidc_subject {
        refuse_taken_subject(transaction, subject, None).await?;
    }
    let row = staff_accounts::ActiveModel {
        user_name: Set(new.user_name.to_owned()),
        display_name: Set(new.display_name.to_owned()),
        state: Set(StaffAccountState::Active.code()),
        must_change: Set(new.password_request.is_some()),
        password_request: Set(new.password_request),
        oidc_subject: Set(new.oidc_subject.map(str::to_owned)),
        created_at: Set(act.at),
        created_by: Set(act.by.clone()),
        ..Default::default()
    };
    let account = row.insert(transaction).await.map_err(StoreError::from)?;
    let mut fields = vec![
        FieldChange::new("user_name", None, Some(new.user_name.to_owned())),
        FieldChange::new("display_name", None, Some(new.display_name.to_owned())),
    ];
    if let Some(subject) = new.oidc_subject {
        fields.push(FieldChange::new("openid_subject", None, Some(subject.to_owned())));
    }
    Ok((account.id, fields))
}

/// Refuses a subject that another account has.
pub(super) async fn refuse_taken_subject(
    transaction: &DatabaseTransaction,
    subject: &str,
    own: Option<i64>,
) -> Result<(), RegisterError> {
    let holder = staff_accounts::Entity::find()
        .filter(staff_accounts::Column::OidcSubject.eq(subject))
        .one(transaction)
        .await
        .map_err(StoreError::from)?;
    if holder.is_some_and(|holder| Some(holder.id) != own) {
        return Err(RegisterError::AlreadyExists { field: "openid_subject" });
    }
    Ok(())
}

/// Opens or shuts an account. Shutting it ends its sessions.
pub(super) async fn set_state(
    transaction: &DatabaseTransaction,
    account: staff_accounts::Model,
    state: StaffAccountState,
    act: &Act,
) -> Result<Vec<FieldChange>, RegisterError> {
    let old = StaffAccountState::try_from(account.state).map_err(StoreError::from)?;
    let id = account.id;
    let mut row = account.into_active_model();
    row.state = Set(state.code());
    row.update(transaction).await.map_err(StoreError::from)?;
    if state == StaffAccountState::Disabled {
        end_sessions(transaction, id, act.at).await?;
    }
    let word = |state: StaffAccountState| Some(state.word().to_owned());
    Ok(vec![FieldChange::new("state", word(old), word(state))])
}

/// Takes the password away, ends the sessions, and waits for the one-time password of this request.
pub(super) async fn clear_password(
    transaction: &DatabaseTransaction,
    account: staff_accounts::Model,
    request: Uuid,
    act: &Act,
) -> Result<Vec<FieldChange>, RegisterError> {
    let id = account.id;
    let mut row = account.into_active_model();
    row.password_scheme = Set(None);
    row.password_key_id = Set(None);
    row.password_hash = Set(None);
    row.password_set_at = Set(None);
    row.password_request = Set(Some(request));
    row.must_change = Set(true);
    row.failures = Set(0);
    row.locked_until = Set(None);
    row.last_wrong = Set(None);
    row.update(transaction).await.map_err(StoreError::from)?;
    end_sessions(transaction, id, act.at).await?;
    Ok(vec![FieldChange::secret("password")])
}

async fn end_sessions(
    transaction: &DatabaseTransaction,
    account: i64,
    at: DateTime<Utc>,
) -> Result<(), RegisterError> {
    staff_sessions::Entity::update_many()
        .col_expr(staff_sessions::Column::EndedAt, Expr::value(at))
        .filter(staff_sessions::Column::AccountId.eq(account))
        .filter(staff_sessions::Column::EndedAt.is_null())
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}

/// The duties of an account that have not been revoked and have not ended.
pub(super) async fn standing(
    transaction: &DatabaseTransaction,
    account: i64,
    at: DateTime<Utc>,
) -> Result<Vec<staff_roles::Model>, RegisterError> {
    let mut roles = staff_roles::Entity::find()
        .filter(staff_roles::Column::AccountId.eq(account))
        .filter(staff_roles::Column::RevokedAt.is_null())
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    roles.retain(|role| role.valid_until.is_none_or(|end| at < end));
    Ok(roles)
}

/// Grants a duty (A115, A119).
pub(super) async fn grant(
    transaction: &DatabaseTransaction,
    account: &staff_accounts::Model,
    new: NewRole<'_>,
    act: &Act,
) -> Result<Vec<FieldChange>, RegisterError> {
    let standing: Vec<_> = standing(transaction, account.id, act.at)
        .await?
        .iter()
        .map(|role| StaffRole::try_from(role.role))
        .collect::<Result<_, _>>()
        .map_err(StoreError::from)?;
    let NewRole { role, valid_until, ticket, .. } = new;
    let valid_from = new.valid_from.unwrap_or(act.at);
    let grant = Grant { role, valid_from, valid_until, ticket, standing: &standing };
    check_grant(&grant, act.at).map_err(refusal)?;
    let row = staff_roles::ActiveModel {
        account_id: Set(account.id),
        role: Set(role.code()),
        valid_from: Set(valid_from),
        valid_until: Set(valid_until),
        ticket: Set(ticket.map(str::to_owned)),
        granted_at: Set(act.at),
        granted_by: Set(act.by.clone()),
        ..Default::default()
    };
    row.insert(transaction).await.map_err(StoreError::from)?;
    let mut fields = vec![
        FieldChange::new("role", None, Some(role.word().to_owned())),
        FieldChange::new("valid_from", None, Some(valid_from.to_rfc3339())),
    ];
    if let Some(end) = valid_until {
        fields.push(FieldChange::new("valid_until", None, Some(end.to_rfc3339())));
    }
    if let Some(ticket) = ticket {
        fields.push(FieldChange::new("ticket", None, Some(ticket.to_owned())));
    }
    Ok(fields)
}

fn refusal(fault: GrantFault) -> RegisterError {
    let field = |field, rule: &str| RegisterError::FieldInvalid { field, rule: rule.to_owned() };
    match fault {
        GrantFault::EndsTooSoon => field("ends_at", "later than now and than starts_at"),
        GrantFault::Held => RegisterError::AlreadyExists { field: "role" },
        GrantFault::TicketMissing => field("ticket", "the ticket of the fault that the vendor mends (A119)"),
        GrantFault::TicketWithoutFault => field("ticket", "unset, but for a vendor"),
        GrantFault::VendorTooLong => field("ends_at", "for a vendor, at most 72 h from now (A119)"),
        GrantFault::VendorApart => {
            RegisterError::RuleBroken { rule: "a vendor's account has no other duty (A12)" }
        }
    }
}

/// Revokes a duty that stands.
pub(super) async fn revoke(
    transaction: &DatabaseTransaction,
    account: &staff_accounts::Model,
    role: StaffRole,
    act: &Act,
) -> Result<Vec<FieldChange>, RegisterError> {
    let found = standing(transaction, account.id, act.at).await?;
    let found = found.into_iter().find(|row| row.role == role.code());
    let mut row = found.ok_or(RegisterError::NotFound { what: "role" })?.into_active_model();
    row.revoked_at = Set(Some(act.at));
    row.revoked_by = Set(Some(act.by.clone()));
    row.update(transaction).await.map_err(StoreError::from)?;
    Ok(vec![FieldChange::new("role", Some(role.word().to_owned()), None)])
}

impl Register {
    /// Gives the account the one-time password of a request of this desk, unless a later request has taken its place.
    pub(super) async fn give_password(
        self: &Arc<Self>,
        account: i64,
        asker: i64,
        request: Uuid,
        deadline: Instant,
    ) -> Result<OneTimePassword, RegisterError> {
        let text = self.keys.one_time_password(asker, request.as_bytes());
        give(&self.store, &self.vault, account, request, &text, self.surroundings.clock.now(), deadline)
            .await?;
        Ok(OneTimePassword(text))
    }
}

/// Hashes the password on the vault's threads, outside of any transaction, and keeps it if the account still waits
/// for that of this request. Doing it again changes nothing.
pub(super) async fn give(
    store: &Store,
    vault: &PinVault,
    account: i64,
    request: Uuid,
    text: &SecretString,
    at: DateTime<Utc>,
    deadline: Instant,
) -> Result<(), RegisterError> {
    let password = Password::parse(text.expose_secret())
        .map_err(|_| RegisterError::Internal("a one-time password is no password"))?;
    let hashing = vault.hash(password, PasswordBinding::StaffAccount(account));
    let hash = timeout_at(deadline, hashing).await.map_err(|_| RegisterError::DeadlinePassed)??;
    store
        .unit_of_work("give_password", deadline, move |transaction| {
            let hash = hash.clone();
            Box::pin(async move { keep_password(transaction, account, request, hash, at).await })
        })
        .await
}

async fn keep_password(
    transaction: &DatabaseTransaction,
    account: i64,
    request: Uuid,
    hash: StoredPin,
    at: DateTime<Utc>,
) -> Result<(), RegisterError> {
    use staff_accounts::Column;
    staff_accounts::Entity::update_many()
        .col_expr(Column::PasswordScheme, Expr::value(hash.scheme))
        .col_expr(Column::PasswordKeyId, Expr::value(hash.key_id))
        .col_expr(Column::PasswordHash, Expr::value(hash.hash))
        .col_expr(Column::PasswordSetAt, Expr::value(at))
        .col_expr(Column::PasswordRequest, Expr::value(None::<Uuid>))
        .filter(Column::Id.eq(account))
        .filter(Column::PasswordRequest.eq(request))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}
