//! Staff of a test: each with an account of their own, signed in at a desk.

use super::{Device, TestRegister};
use chrono::TimeDelta;
use kortisto_domain::{DeviceKind, StaffAccountState, StaffRole};
use kortisto_store::entities::{staff_accounts, staff_roles, staff_sessions};
use kortisto_vault::{Password, PasswordBinding, token_hash};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use secrecy::ExposeSecret as _;
use std::sync::atomic::{AtomicU32, Ordering};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

static ACCOUNTS: AtomicU32 = AtomicU32::new(1);

/// How long the session of a test lasts.
const SESSION: TimeDelta = TimeDelta::hours(12);

/// The password of every staff member of a test.
pub const STAFF_PASSWORD: &str = "hauki on kala 7";

/// A staff member who is signed in.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Key of the account.
    pub id: i64,
    /// The user name.
    pub user_name: String,
    /// The desk.
    pub desk: Device,
    bearer: Bearer,
}

/// Puts the token of a session on every call.
#[derive(Clone, Debug)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl TestRegister {
    /// A staff member with these duties, signed in at a desk of the main branch, who has given the undertaking.
    ///
    /// # Panics
    /// When the rows cannot be written or the desk cannot connect.
    pub async fn staff(&self, roles: &[StaffRole]) -> Staff {
        let desk = self.device(DeviceKind::Desk).await;
        self.staff_at(roles, desk).await
    }

    /// The same at a desk that there is.
    ///
    /// # Panics
    /// When the rows cannot be written.
    pub async fn staff_at(&self, roles: &[StaffRole], desk: Device) -> Staff {
        let at = self.clock.now();
        let user_name = format!("staff-{}", ACCOUNTS.fetch_add(1, Ordering::Relaxed));
        let account = staff_accounts::ActiveModel {
            user_name: Set(user_name.clone()),
            display_name: Set("Staff of a test".to_owned()),
            state: Set(StaffAccountState::Active.code()),
            must_change: Set(false),
            undertaking: Set(Some("1".to_owned())),
            undertaken_at: Set(Some(at)),
            created_at: Set(at),
            created_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(self.store.writer())
        .await
        .expect("an account");
        let password = Password::parse(STAFF_PASSWORD).expect("a password");
        let owner = PasswordBinding::StaffAccount(account.id);
        let stored = self.register.vault().hash(password, owner).await.expect("a hash");
        let mut row = account.clone().into_active_model();
        row.password_scheme = Set(Some(stored.scheme));
        row.password_key_id = Set(Some(stored.key_id));
        row.password_hash = Set(Some(stored.hash));
        row.password_set_at = Set(Some(at));
        row.update(self.store.writer()).await.expect("a password is kept");
        for role in roles {
            staff_roles::ActiveModel {
                account_id: Set(account.id),
                role: Set(role.code()),
                valid_from: Set(at),
                granted_at: Set(at),
                granted_by: Set("test".to_owned()),
                ..Default::default()
            }
            .insert(self.store.writer())
            .await
            .expect("a role");
        }
        let session = self.surroundings.new_pseudonym();
        let token = self.keys.session_token(session.as_bytes(), desk.id);
        let hash = token_hash(token.expose_secret()).expect("a token");
        staff_sessions::ActiveModel {
            id: Set(session),
            token_hash: Set(hash.to_vec()),
            account_id: Set(account.id),
            device_id: Set(desk.id),
            started_at: Set(at),
            last_used_at: Set(at),
            expires_at: Set(at + SESSION),
            ended_at: Set(None),
        }
        .insert(self.store.writer())
        .await
        .expect("a session");
        let bearer = format!("Bearer {}", token.expose_secret()).parse().expect("a header");
        Staff { id: account.id, user_name, desk, bearer: Bearer(bearer) }
    }
}

impl Staff {
    /// The connection of the desk with this staff member's token on every call; any client of `kortisto.staff.v1`
    /// goes over it: `PatronServiceClient::new(staff.channel())`.
    #[must_use]
    pub fn channel(&self) -> InterceptedService<Channel, Bearer> {
        InterceptedService::new(self.desk.channel.clone(), self.bearer.clone())
    }

    /// The value of the metadata `authorization`.
    ///
    /// # Panics
    /// Never: a token is ASCII.
    #[must_use]
    pub fn bearer(&self) -> String {
        self.bearer.0.to_str().expect("a token is ASCII").to_owned()
    }
}
