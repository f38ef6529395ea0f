//! `StaffSessionService.ChangePassword`: the old password for a new one.
//!
//! Whoever finds a desk that somebody left signed in must not be able to guess the password there, so the old one
//! goes the way of signing in: counted, verified, settled, against the same budget.

use super::attempts::{Place, Reserved, Typed, held_account, stored};
use crate::{
    Register, RegisterError,
    devices::outside_lane::Asking,
    patrons::next_floor,
    staff::{
        FieldChange, StaffCaller, StaffChange, StaffDesk, StaffRpc, account, duties,
        trail::{self, Signature, Who},
    },
};
use kortisto_domain::staff_account::PASSWORD_CHARS_MIN;
use kortisto_store::{
    StoreError,
    entities::{staff_accounts, staff_sessions},
    queries::changes::AttemptOutcome,
};
use kortisto_vault::{Password, PasswordBinding, StoredPin};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, sea_query::Expr,
};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Uuid;

/// Somebody who wants another password.
pub struct ChangePassword {
    /// The request id.
    pub request_id: Uuid,
    /// The password so far.
    pub old: Password,
    /// The password from now on.
    pub new: Password,
}

/// The change, once the old password has been verified.
#[derive(Serialize)]
struct SetOwnPassword {
    #[serde(skip)]
    request_id: Uuid,
    /// Keyed hash of both passwords: what makes two requests the same.
    request_hash: [u8; 32],
    #[serde(skip)]
    verified: Option<Verified>,
}

/// The old password as it was verified, and the new one as it is to be kept.
struct Verified {
    typed: Typed,
    old: StoredPin,
    new: StoredPin,
}

enum Step {
    /// Answered before, or not allowed: the change itself says so.
    GoOn,
    Refused,
    Throttled(RegisterError),
    Verify {
        account: i64,
        stored: Option<StoredPin>,
    },
}

/// A call on its way through the steps.
struct Ask {
    caller: StaffCaller,
    typed: Typed,
    rules: NewPasswordRules,
}

/// What can be said of a new password without its account.
#[derive(Clone, Copy)]
struct NewPasswordRules {
    long_enough: bool,
    common: bool,
    same: bool,
}

impl Register {
    /// Changes the password of whoever is signed in, and ends their sessions elsewhere.
    ///
    /// # Errors
    /// [`RegisterError::SignInRefused`] when the old password is wrong or the account waits;
    /// [`RegisterError::FieldInvalid`] when the new one is too short or too well known.
    pub async fn change_password(
        self: &Arc<Self>,
        caller: StaffCaller,
        ask: ChangePassword,
        deadline: Instant,
    ) -> Result<(), RegisterError> {
        let asked_at = Instant::now();
        let changed = self.verify_and_change(caller, ask, deadline).await;
        if matches!(changed, Err(RegisterError::SignInRefused)) {
            sleep_until(next_floor(asked_at, Instant::now(), self.failure_floor).min(deadline)).await;
        }
        changed
    }

    async fn verify_and_change(
        self: &Arc<Self>,
        caller: StaffCaller,
        ask: ChangePassword,
        deadline: Instant,
    ) -> Result<(), RegisterError> {
        let ChangePassword { request_id, old, new } = ask;
        let user_name = self.name_of(caller.clone(), deadline).await?;
        let (id, rpc) = (("request_id", request_id), StaffRpc::ChangePassword);
        let typed = Typed::new(self, id, rpc.name(), &user_name, &[&old, &new]);
        let rules = NewPasswordRules {
            long_enough: new.chars() >= PASSWORD_CHARS_MIN,
            common: new.is_common() || new.holds(&user_name),
            same: typed.fingerprint == self.keys.password_fingerprint(&user_name, &new),
        };
        let ask = Arc::new(Ask { caller: caller.clone(), typed, rules });
        let change = |verified| SetOwnPassword { request_id, request_hash: typed.request_hash, verified };
        let (account, stored) = match self.reserve_change(Arc::clone(&ask), deadline).await? {
            Step::GoOn => return self.staff_change(caller, change(None), deadline).await,
            Step::Refused => return Err(RegisterError::SignInRefused),
            Step::Throttled(error) => return Err(error),
            Step::Verify { account, stored } => (account, stored),
        };
        let owner = PasswordBinding::StaffAccount(account);
        let verifying = self.vault.verify(old, owner, stored.clone());
        let verified = timeout_at(deadline, verifying).await.map_err(|_| RegisterError::DeadlinePassed)?;
        let matches = verified.as_ref().is_ok_and(|found| found.matches);
        let Some(old) = stored.filter(|_| matches) else {
            self.settle_refused(ask, verified.is_ok(), deadline).await?;
            verified?;
            return Err(RegisterError::SignInRefused);
        };
        let hashing = self.vault.hash(new, owner);
        let new = timeout_at(deadline, hashing).await.map_err(|_| RegisterError::DeadlinePassed)??;
        self.staff_change(caller, change(Some(Verified { typed, old, new })), deadline).await
    }

    /// Whose session it is, for the fingerprints of what was typed.
    async fn name_of(
        self: &Arc<Self>,
        caller: StaffCaller,
        deadline: Instant,
    ) -> Result<String, RegisterError> {
        let (register, caller) = (Arc::clone(self), Arc::new(caller));
        self.store
            .unit_of_work(StaffRpc::ChangePassword.name(), deadline, move |transaction| {
                let (register, caller) = (Arc::clone(&register), Arc::clone(&caller));
                Box::pin(async move {
                    let asking = Asking::load(&register, transaction, &caller.desk, None, None).await?;
                    asking.admit_desk()?;
                    let account = account::signed_in(&register, transaction, &caller, &asking.moment).await?;
                    Ok::<_, RegisterError>(account.user_name)
                })
            })
            .await
    }

    async fn reserve_change(
        self: &Arc<Self>,
        ask: Arc<Ask>,
        deadline: Instant,
    ) -> Result<Step, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work(StaffRpc::ChangePassword.name(), deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), Arc::clone(&ask));
                Box::pin(async move { reserve(&register, &ask, transaction).await })
            })
            .await
    }

    async fn settle_refused(
        self: &Arc<Self>,
        ask: Arc<Ask>,
        wrong: bool,
        deadline: Instant,
    ) -> Result<(), RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work(StaffRpc::ChangePassword.name(), deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), Arc::clone(&ask));
                Box::pin(async move { settle_refused(&register, &ask, wrong, transaction).await })
            })
            .await
    }
}

impl NewPasswordRules {
    fn check(self) -> Result<(), RegisterError> {
        let rule = if !self.long_enough {
            format!("at least {PASSWORD_CHARS_MIN} characters")
        } else if self.common {
            "not one of the passwords people choose first, and without the user name".to_owned()
        } else if self.same {
            "another than the old one".to_owned()
        } else {
            return Ok(());
        };
        Err(RegisterError::FieldInvalid { field: "new_password", rule })
    }
}

async fn reserve(
    register: &Register,
    ask: &Ask,
    transaction: &DatabaseTransaction,
) -> Result<Step, RegisterError> {
    let typed = &ask.typed;
    let asking = Asking::load(register, transaction, &ask.caller.desk, None, Some(typed.id)).await?;
    let device = asking.admit_desk()?;
    let account = account::signed_in(register, transaction, &ask.caller, &asking.moment).await?;
    if asking.has_answered() || !duties::may_call(&account.roles, StaffRpc::ChangePassword) {
        return Ok(Step::GoOn);
    }
    ask.rules.check()?;
    let held = held_account(transaction, &account.user_name).await?;
    let place = Place { register, transaction, device, moment: &asking.moment };
    match place.reserve(typed, held).await? {
        Reserved::Verify(stored) => Ok(Step::Verify { account: account.id, stored }),
        Reserved::Throttled(retry_after) => {
            Ok(Step::Throttled(RegisterError::DeviceThrottled { retry_after }))
        }
        Reserved::Refused => {
            leave_refusal(&place, ask, &account).await?;
            Ok(Step::Refused)
        }
    }
}

/// `wrong` is false where the vault had no time to find out.
async fn settle_refused(
    register: &Register,
    ask: &Ask,
    wrong: bool,
    transaction: &DatabaseTransaction,
) -> Result<(), RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller.desk, None, None).await?;
    let device = asking.admit_desk()?;
    let account = account::signed_in(register, transaction, &ask.caller, &asking.moment).await?;
    let held = held_account(transaction, &account.user_name).await?;
    let place = Place { register, transaction, device, moment: &asking.moment };
    if !wrong {
        return place.give_back(&ask.typed, held).await;
    }
    place.settle_wrong(&ask.typed, held).await?;
    leave_refusal(&place, ask, &account).await
}

async fn leave_refusal(
    place: &Place<'_>,
    ask: &Ask,
    account: &crate::staff::Account,
) -> Result<(), RegisterError> {
    let signature = Signature {
        action: StaffRpc::ChangePassword.action(),
        who: Who::SignedIn { device: place.device, account },
        purpose: None,
        request_id: Some(ask.typed.id),
        at: place.moment.at(),
        refusal: Some("SIGN_IN_REFUSED"),
    };
    trail::write(place.transaction, &place.register.surroundings, &signature, Vec::new()).await
}

impl StaffChange for SetOwnPassword {
    const RPC: StaffRpc = StaffRpc::ChangePassword;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let verified = self.verified.as_ref().ok_or(RegisterError::ChangedMeanwhile)?;
        let account = held_account(desk.transaction, &desk.account.user_name)
            .await?
            .filter(|account| stored(account).as_ref() == Some(&verified.old))
            .ok_or(RegisterError::ChangedMeanwhile)?;
        let at = desk.moment.at();
        let mut row: staff_accounts::ActiveModel = account.into_active_model();
        row.password_scheme = Set(Some(verified.new.scheme));
        row.password_key_id = Set(Some(verified.new.key_id));
        row.password_hash = Set(Some(verified.new.hash.clone()));
        row.password_set_at = Set(Some(at));
        row.must_change = Set(false);
        row.failures = Set(0);
        row.locked_until = Set(None);
        row.last_wrong = Set(None);
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let place = Place {
            register: desk.register,
            transaction: desk.transaction,
            device: &desk.device,
            moment: &desk.moment,
        };
        place.settle(&verified.typed, AttemptOutcome::Right).await?;
        let mut others = staff_sessions::Entity::update_many()
            .col_expr(staff_sessions::Column::EndedAt, Expr::value(at))
            .filter(staff_sessions::Column::AccountId.eq(desk.account.id))
            .filter(staff_sessions::Column::EndedAt.is_null());
        if let Some(own) = desk.account.session {
            others = others.filter(staff_sessions::Column::Id.ne(own));
        }
        others.exec(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed(format!("staff account {}", desk.account.id), vec![FieldChange::secret("password")]);
        Ok(())
    }
}
