//! Opens what the commands share: configuration, keys, store, register.

use super::Failure;
use crate::{
    Now,
    ca::{Authority, AuthorityIssuer},
    config::Config,
    notices,
    openid::OpenId,
    tls::crypto,
};
use chrono::TimeDelta;
use kortisto_register::{
    Clock as _, Register, RegisterOptions, Surroundings, SystemClock, devices::CertificateIssuer,
    notices::NoticeOffice,
};
use kortisto_store::{Store, StoreOptions, lane::LaneLimits};
use kortisto_vault::{HashCost, Keys, PinVault, PoolSize, SystemRandom};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How long a patron's session at a device lasts.
const SESSION_LENGTH: Duration = Duration::from_secs(5 * 60);

/// How often a watched session is looked at without a signal: for what begins or ends by the clock alone.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

pub(super) fn config(file: Option<&Path>) -> Result<Config, Failure> {
    Config::load(file).map_err(|fault| Failure::of("configuration", &fault))
}

pub(super) fn surroundings(config: &Config) -> Surroundings {
    Surroundings {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        zone: config.consortium.time_zone,
    }
}

/// The store, for a command that works beside a running server.
pub(super) async fn store(config: &Config) -> Result<Store, Failure> {
    open_store(config, false).await
}

/// The store, for a change of the schema, whose statements may take long.
pub(super) async fn migrating_store(config: &Config) -> Result<Store, Failure> {
    let mut options = StoreOptions::new(config.database.url.expose());
    options.serves = false;
    options.statement_timeout = Duration::ZERO;
    Store::open(&options).await.map_err(|error| Failure::of("database", &error))
}

/// The store, for the server.
pub(super) async fn serving_store(config: &Config) -> Result<Store, Failure> {
    open_store(config, true).await
}

async fn open_store(config: &Config, serves: bool) -> Result<Store, Failure> {
    let mut options = StoreOptions::new(config.database.url.expose());
    options.serves = serves;
    Store::open(&options).await.map_err(|error| Failure::of("database", &error))
}

/// Where the key file is.
pub(super) fn key_path(config: &Config) -> Result<PathBuf, Failure> {
    config.keys.path(credentials_directory().as_deref()).ok_or_else(|| {
        Failure::new("keys: name the key file as keys.file, or load it as a systemd credential; `kortisto keys create` makes one")
    })
}

/// The folder that systemd puts credentials in.
fn credentials_directory() -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}

pub(super) fn keys(config: &Config) -> Result<Arc<Keys>, Failure> {
    let path = key_path(config)?;
    let loaded = match credentials_directory().filter(|folder| path.starts_with(folder)) {
        Some(folder) => Keys::load_credential(&path, &folder),
        None => Keys::load(&path),
    };
    loaded.map(Arc::new).map_err(|fault| Failure::of("keys", &fault))
}

/// The authority that issues device certificates, if this server has one.
pub(super) fn issuer(config: &Config) -> Result<Option<Arc<dyn CertificateIssuer>>, Failure> {
    let Some(key) = &config.tls.issuing_authority_key else { return Ok(None) };
    let read = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("certificates: {}: {error}", path.display())))
    };
    let authority = Authority::load(&read(&config.tls.device_authority)?, &read(key)?)
        .map_err(|fault| Failure::of("certificates", &fault))?;
    let life = TimeDelta::hours(i64::from(config.tls.device_certificate_hours));
    Ok(Some(Arc::new(AuthorityIssuer::new(authority, config.consortium.name.clone(), life))))
}

/// The identity provider of staff, if there is one.
pub(super) fn openid(config: &Config) -> Result<Option<Arc<OpenId>>, Failure> {
    let options = config.staff.openid.options();
    options.map(OpenId::load).transpose().map_err(|fault| Failure::of("staff.openid", &fault))
}

/// A vault with one thread, for a command that hashes a password or two.
pub(super) fn small_vault(config: &Config, keys: &Arc<Keys>) -> PinVault {
    let size = PoolSize { threads: 1, queue_per_thread: 1 };
    PinVault::start(Arc::clone(keys), surroundings(config).random, HashCost::RECOMMENDED, size)
}

/// What notices are made with, and who delivers them.
fn notices(config: &Config) -> Result<NoticeOffice, Failure> {
    crypto::install_default();
    let library = config.consortium.name.clone();
    let now: Now = Arc::new(|| SystemClock.now());
    let couriers =
        notices::couriers(&config.notices, &library, &now).map_err(|fault| Failure::of("notices", &fault))?;
    let sms_hours =
        config.notices.sms_hours().ok_or_else(|| Failure::new("notices: hours for text messages"))?;
    Ok(NoticeOffice { library, languages: config.consortium.languages.clone(), couriers, sms_hours })
}

/// The register, ready to serve.
pub(super) async fn register(config: &Config, cost: HashCost) -> Result<Register, Failure> {
    open_register(config, cost, serving_store(config).await?).await
}

/// The register, for a command that works beside a running server.
pub(super) async fn register_beside(config: &Config, cost: HashCost) -> Result<Register, Failure> {
    open_register(config, cost, store(config).await?).await
}

async fn open_register(config: &Config, cost: HashCost, store: Store) -> Result<Register, Failure> {
    let keys = keys(config)?;
    let issuer = issuer(config)?;
    super::migrate::refuse_stale(&store).await?;
    let surroundings = surroundings(config);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let size = PoolSize {
        threads: config.limits.hash_threads(cores),
        queue_per_thread: config.limits.hash_queue_max,
    };
    let options = RegisterOptions {
        store: Arc::new(store),
        vault: PinVault::start(Arc::clone(&keys), Arc::clone(&surroundings.random), cost, size),
        surroundings,
        keys,
        issuer,
        lane_limits: LaneLimits { queue_max: config.limits.lane_queue_max, ..LaneLimits::default() },
        circulation_lanes: config.limits.circulation_lanes,
        door_lanes: config.limits.door_lanes,
        failure_floor: config.limits.failure_floor(),
        session_length: SESSION_LENGTH,
        look_interval: LOOK_INTERVAL,
        notices: notices(config)?,
    };
    Register::open(options).await.map_err(|error| Failure::of("register", &error))
}
