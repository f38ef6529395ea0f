//! What an operator does with staff accounts on the command line. The first administrator comes from here; each act
//! leaves an audit row with actor `operator`.

use super::{
    list::{self, StaffAccountRecord},
    rows::{self, Act, NewAccount, NewRole, OneTimePassword},
};
use crate::{
    RegisterError, Surroundings,
    staff::{
        Page,
        trail::{self, Entry, FieldChange, Signature, Who},
    },
};
use chrono::{DateTime, Utc};
use kortisto_domain::{StaffAccountState, StaffRole};
use kortisto_store::Store;
use kortisto_vault::{Keys, PinVault};
use sea_orm::DatabaseTransaction;
use std::sync::Arc;
use tokio::time::Instant;

/// Who asks on the command line, where a desk would stand.
const NO_DESK: i64 = 0;

/// Accounts read at a time.
const PAGE: usize = 100;

/// What the commands work on.
pub struct Operator<'a> {
    /// The store.
    pub store: &'a Store,
    /// Time and randomness.
    pub surroundings: &'a Surroundings,
    /// How long a command may take.
    pub deadline: Instant,
}

/// A duty for an account, from the command line.
#[derive(Debug, Clone)]
pub struct RoleGrant {
    /// The account's name.
    pub user_name: String,
    /// The duty.
    pub role: StaffRole,
    /// Until when; none means until it is revoked.
    pub until: Option<DateTime<Utc>>,
    /// The ticket of the fault that a vendor mends.
    pub ticket: Option<String>,
}

/// What a command does to an account.
#[derive(Debug, Clone)]
enum Deed {
    Add { user_name: String, display_name: String, request: uuid::Uuid },
    SetState { user_name: String, state: StaffAccountState },
    Grant(RoleGrant),
    Revoke { user_name: String, role: StaffRole },
    Reset { user_name: String, request: uuid::Uuid },
}

impl Operator<'_> {
    /// Makes an account and gives its one-time password.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn add(
        &self,
        user_name: String,
        display_name: String,
        keys: &Keys,
        vault: &PinVault,
    ) -> Result<OneTimePassword, RegisterError> {
        let request = self.surroundings.new_pseudonym();
        let account =
            self.work("create_staff_account", Deed::Add { user_name, display_name, request }).await?;
        self.give(account, request, keys, vault).await
    }

    /// Gives an account a new one-time password and ends its sessions.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn reset_password(
        &self,
        user_name: String,
        keys: &Keys,
        vault: &PinVault,
    ) -> Result<OneTimePassword, RegisterError> {
        let request = self.surroundings.new_pseudonym();
        let account = self.work("reset_staff_password", Deed::Reset { user_name, request }).await?;
        self.give(account, request, keys, vault).await
    }

    /// Shuts an account or opens it again.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn set_state(&self, user_name: String, state: StaffAccountState) -> Result<(), RegisterError> {
        let action = match state {
            StaffAccountState::Active => "enable_staff_account",
            StaffAccountState::Disabled => "disable_staff_account",
        };
        self.work(action, Deed::SetState { user_name, state }).await.map(drop)
    }

    /// Grants a duty.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn grant(&self, grant: RoleGrant) -> Result<(), RegisterError> {
        self.work("grant_staff_role", Deed::Grant(grant)).await.map(drop)
    }

    /// Revokes a duty.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn revoke(&self, user_name: String, role: StaffRole) -> Result<(), RegisterError> {
        self.work("revoke_staff_role", Deed::Revoke { user_name, role }).await.map(drop)
    }

    /// Every account with the duties that stand.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn list(&self) -> Result<Vec<StaffAccountRecord>, RegisterError> {
        let at = self.surroundings.clock.now();
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = list::page(self.store.readers(), Page { size: PAGE, after }, at).await?;
            all.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    async fn give(
        &self,
        account: i64,
        request: uuid::Uuid,
        keys: &Keys,
        vault: &PinVault,
    ) -> Result<OneTimePassword, RegisterError> {
        let text = keys.one_time_password(NO_DESK, request.as_bytes());
        let at = self.surroundings.clock.now();
        rows::give(self.store, vault, account, request, &text, at, self.deadline).await?;
        Ok(OneTimePassword(text))
    }

    async fn work(&self, action: &'static str, deed: Deed) -> Result<i64, RegisterError> {
        let (surroundings, deed) = (self.surroundings.clone(), Arc::new(deed));
        self.store
            .unit_of_work(action, self.deadline, move |transaction| {
                let (surroundings, deed) = (surroundings.clone(), Arc::clone(&deed));
                Box::pin(async move { once(transaction, &surroundings, action, &deed).await })
            })
            .await
    }
}

async fn once(
    transaction: &DatabaseTransaction,
    surroundings: &Surroundings,
    action: &'static str,
    deed: &Deed,
) -> Result<i64, RegisterError> {
    let act = Act { at: surroundings.clock.now(), by: "operator".to_owned() };
    let (account, fields) = apply(transaction, deed, &act).await?;
    let signature = Signature {
        action: action.to_owned(),
        who: Who::Operator,
        purpose: None,
        request_id: None,
        at: act.at,
        refusal: None,
    };
    let entry = Entry { detail: Some(rows::named(account)), fields, ..Entry::default() };
    trail::write(transaction, surroundings, &signature, vec![entry]).await?;
    Ok(account)
}

async fn apply(
    transaction: &DatabaseTransaction,
    deed: &Deed,
    act: &Act,
) -> Result<(i64, Vec<FieldChange>), RegisterError> {
    match deed {
        Deed::Add { user_name, display_name, request } => {
            let new =
                NewAccount { user_name, display_name, oidc_subject: None, password_request: Some(*request) };
            rows::create(transaction, new, act).await
        }
        Deed::SetState { user_name, state } => {
            let account = rows::held(transaction, user_name).await?;
            let id = account.id;
            Ok((id, rows::set_state(transaction, account, *state, act).await?))
        }
        Deed::Grant(RoleGrant { user_name, role, until, ticket }) => {
            let account = rows::held(transaction, user_name).await?;
            let new =
                NewRole { role: *role, valid_from: None, valid_until: *until, ticket: ticket.as_deref() };
            Ok((account.id, rows::grant(transaction, &account, new, act).await?))
        }
        Deed::Revoke { user_name, role } => {
            let account = rows::held(transaction, user_name).await?;
            Ok((account.id, rows::revoke(transaction, &account, *role, act).await?))
        }
        Deed::Reset { user_name, request } => {
            let account = rows::held(transaction, user_name).await?;
            let id = account.id;
            Ok((id, rows::clear_password(transaction, account, *request, act).await?))
        }
    }
}
