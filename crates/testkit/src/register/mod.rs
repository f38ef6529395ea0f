//! A register in one line, on either engine: `let t = TestRegister::start(engine).await;`.
//!
//! It is the real server on loopback with real TLS and a fresh database. Only the clock is turned by
//! hand, and PINs are hashed cheaply.

pub mod client;
mod debts;
mod dump;
mod home;
mod jobs;
mod loans;
mod loud;
mod notices;
mod persons;
mod probes;
mod rules;
mod seed;
mod staff;
mod waits;
mod words;

pub use client::{Device, certificate_request, connect_at, new_id};
pub use debts::FeeSeed;
pub use dump::dump;
pub use home::Home;
pub use loud::tell_everything;
pub use probes::probe;
pub use rules::PolicyScope;
pub use seed::{
    BRANCH_EAST, BRANCH_MAIN, ItemSeed, PatronSeed, TestHold, TestItem, TestPatron, new_card_number,
    new_identity_code,
};
pub use staff::{Bearer, STAFF_PASSWORD, Staff};
pub use waits::{meanwhile, waiting};
pub use words::Words;

use crate::{
    HandTurnedClock, HashGate, build_fingerprint, chaos_proxy::ChaosProxy, postgres::Cluster, sqlite,
};
use chrono::{TimeDelta, Utc};
use chrono_tz::Europe::Helsinki;
use kortisto_domain::notices::hours::SmsHours;
use kortisto_migrations::{Migrator, MigratorTrait as _};
use kortisto_register::{
    Clock, Register, RegisterOptions, Surroundings,
    audit::Sealer,
    jobs::Runner,
    notices::{Couriers, NoticeOffice},
};
use kortisto_server::{
    Now,
    ca::{Authority, AuthorityIssuer},
    notices::NoticeWorker,
    openid::{OpenId, OpenIdOptions},
    serve::{Serving, serve},
    shutdown::DrainLimits,
    tls::{TlsFiles, TlsReloader, crypto},
};
use kortisto_store::{Store, StoreError, StoreOptions, lane::LaneLimits};
use kortisto_vault::{HashCost, Keys, PinVault, PoolSize, SystemRandom};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

impl Clock for HandTurnedClock {
    fn now(&self) -> chrono::DateTime<Utc> {
        Self::now(self)
    }
}

/// The engines that every test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// Production.
    Postgres,
}

/// The throw-away database of a test, migrated and with its branches. It goes when this is dropped.
pub enum TestDatabase {
    /// A file in a folder of its own.
    Sqlite(sqlite::Database),
    /// A database of a cluster.
    Postgres(crate::postgres::Database),
    /// At an address that somebody else keeps.
    Elsewhere(String),
}

impl TestDatabase {
    /// A fresh one; on PostgreSQL in the cluster that the tests share.
    ///
    /// # Panics
    /// When the engine does not work.
    pub async fn fresh(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let template = sqlite::Template::ensure(&template_name(), migrate).await.expect("a template");
                Self::Sqlite(template.copy().expect("a copy of the template"))
            }
            Engine::Postgres => {
                let cluster = Cluster::shared().await.expect("a cluster");
                Self::fresh_in(&cluster).await
            }
        }
    }

    /// A fresh one in this cluster.
    ///
    /// # Panics
    /// When the cluster does not work.
    pub async fn fresh_in(cluster: &Cluster) -> Self {
        let template = cluster.ensure_template(&template_name(), migrate).await.expect("a template");
        Self::Postgres(cluster.create_database_from(&template).await.expect("a database"))
    }

    /// Its address by way of a proxy; PostgreSQL only.
    ///
    /// # Panics
    /// On SQLite, which no network reaches.
    #[must_use]
    pub fn url_through(&self, proxy: SocketAddr) -> String {
        match self {
            Self::Postgres(database) => database.url_through(proxy),
            Self::Sqlite(_) | Self::Elsewhere(_) => panic!("only PostgreSQL is reached by way of a proxy"),
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(database) => database.url(),
            Self::Postgres(database) => database.url(),
            Self::Elsewhere(url) => url.clone(),
        }
    }
}

fn template_name() -> String {
    format!("register_{}", build_fingerprint().expect("the test binary can be read"))
}

/// Brings the empty database at `url` to the schema and seeds its branches.
async fn migrate(url: String) -> Result<(), StoreError> {
    let store = Store::open(&StoreOptions::new(url)).await?;
    Migrator::up(store.writer(), None).await?;
    seed::places(&store).await?;
    store.close().await;
    Ok(())
}

/// How a test register differs from the usual.
#[derive(Debug, Clone)]
pub struct TestOptions {
    /// How long refused credentials wait; zero, so that tests are fast.
    pub failure_floor: Duration,
    /// Circulation lanes on PostgreSQL.
    pub circulation_lanes: usize,
    /// Lanes for doors on PostgreSQL.
    pub door_lanes: usize,
    /// Limits of each lane.
    pub lane_limits: LaneLimits,
    /// The address to reach the database at instead of its own, for a proxy in between.
    pub database_url: Option<String>,
    /// How often a watched session is looked at without a signal.
    pub look_interval: Duration,
    /// Cost of a PIN hash.
    pub hash_cost: HashCost,
    /// Threads that hash, and jobs that each may have waiting.
    pub hash_pool: PoolSize,
    /// What each hash of a new PIN waits before; it stands open.
    pub hash_gate: HashGate,
    /// Longest deadline.
    pub deadline_max: Duration,
    /// How the server stops.
    pub drain: DrainLimits,
    /// The identity provider of staff.
    pub openid: Option<OpenIdOptions>,
    /// Whether the server seals the audit trail; no, so that nothing happens beside a test.
    pub seals: bool,
    /// Whether the server runs jobs at their times; no, so that a test says when.
    pub runs_jobs: bool,
    /// Who delivers notices; nobody.
    pub couriers: Couriers,
    /// When text messages go out; at any time, because tests run at any time.
    pub sms_hours: SmsHours,
    /// How often the server looks for notices to deliver; never by itself.
    pub delivers_every: Option<Duration>,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self {
            failure_floor: Duration::ZERO,
            circulation_lanes: 1,
            door_lanes: 1,
            lane_limits: LaneLimits::default(),
            database_url: None,
            look_interval: Duration::from_millis(200),
            hash_cost: HashCost::CHEAP_FOR_TESTS,
            hash_pool: PoolSize { threads: 1, queue_per_thread: 64 },
            hash_gate: HashGate::default(),
            deadline_max: Duration::from_secs(5),
            drain: DrainLimits { lame_duck: Duration::ZERO, drain: Duration::from_secs(2) },
            openid: None,
            seals: false,
            runs_jobs: false,
            couriers: Couriers::default(),
            sms_hours: SmsHours::ALL_DAY,
            delivers_every: None,
        }
    }
}

/// A running register of one test.
pub struct TestRegister {
    /// The register behind the server.
    pub register: Arc<Register>,
    /// Its store.
    pub store: Arc<Store>,
    /// Its clock.
    pub clock: HandTurnedClock,
    /// Its surroundings.
    pub surroundings: Surroundings,
    /// Its keys.
    pub keys: Arc<Keys>,
    /// Where devices connect.
    pub addr: SocketAddr,
    /// Where devices enrol.
    pub enrolment_addr: SocketAddr,
    authority: Arc<Authority>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    server: Mutex<Option<JoinHandle<()>>>,
    _files: TempDir,
    database: TestDatabase,
}

impl TestRegister {
    /// A register on a fresh database.
    ///
    /// # Panics
    /// When anything does not start: a test without a register has failed.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, TestOptions::default()).await
    }

    /// A register on a fresh database that differs from the usual.
    ///
    /// # Panics
    /// When anything does not start.
    pub async fn start_with(engine: Engine, options: TestOptions) -> Self {
        Self::start_at(TestDatabase::fresh(engine).await, &Home::fresh(), options).await
    }

    /// A register on PostgreSQL whose way to the database leads through a proxy.
    ///
    /// # Panics
    /// When anything does not start.
    pub async fn start_behind_proxy(options: TestOptions) -> (Self, ChaosProxy) {
        let cluster = Cluster::shared().await.expect("a cluster");
        let database = TestDatabase::fresh_in(&cluster).await;
        let proxy = ChaosProxy::start(cluster.address()).await.expect("a proxy");
        let database_url = Some(database.url_through(proxy.address()));
        (Self::start_at(database, &Home::fresh(), TestOptions { database_url, ..options }).await, proxy)
    }

    /// A register on this database, with these keys and this authority.
    ///
    /// # Panics
    /// When anything does not start.
    pub async fn start_at(database: TestDatabase, home: &Home, options: TestOptions) -> Self {
        let (keys, authority) = (Arc::clone(&home.keys), Arc::clone(&home.authority));
        Self::serve(database, keys, authority, HandTurnedClock::at(now()), options).await
    }

    /// A second server on the same database with the same keys and clock: PostgreSQL only.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_beside(&self, options: TestOptions) -> Self {
        let database = TestDatabase::Elsewhere(self.database.url());
        let (keys, authority) = (Arc::clone(&self.keys), Arc::clone(&self.authority));
        Self::serve(database, keys, authority, self.clock.clone(), options).await
    }

    async fn serve(
        database: TestDatabase,
        keys: Arc<Keys>,
        authority: Arc<Authority>,
        clock: HandTurnedClock,
        options: TestOptions,
    ) -> Self {
        crypto::install_default();
        let url = options.database_url.clone().unwrap_or_else(|| database.url());
        let store = Arc::new(Store::open(&StoreOptions::new(url)).await.expect("a store"));
        let surroundings =
            Surroundings { clock: Arc::new(clock.clone()), random: Arc::new(SystemRandom), zone: Helsinki };
        let vault = PinVault::start(
            Arc::clone(&keys),
            Arc::new(options.hash_gate.clone()),
            options.hash_cost,
            options.hash_pool,
        );
        let issuer_authority = Authority::load(authority.certificate_pem(), &authority_key(&authority))
            .expect("the authority can be read again");
        let issuer =
            AuthorityIssuer::new(issuer_authority, "Testikirjastot".to_owned(), TimeDelta::hours(24));
        let register = Register::open(RegisterOptions {
            store: Arc::clone(&store),
            surroundings: surroundings.clone(),
            keys: Arc::clone(&keys),
            vault,
            issuer: Some(Arc::new(issuer)),
            lane_limits: options.lane_limits.clone(),
            circulation_lanes: options.circulation_lanes,
            door_lanes: options.door_lanes,
            failure_floor: options.failure_floor,
            session_length: Duration::from_secs(300),
            look_interval: options.look_interval,
            notices: NoticeOffice {
                library: "Testikirjastot".to_owned(),
                languages: ["fi", "sv", "en"].map(str::to_owned).to_vec(),
                couriers: options.couriers,
                sms_hours: options.sms_hours,
            },
        })
        .await
        .expect("a register");
        let register = Arc::new(register);
        let (files, tls) = certificates(&authority);
        let bind = async || TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let (devices, enrolment) = (bind().await, bind().await);
        let (addr, enrolment_addr) =
            (devices.local_addr().expect("an address"), enrolment.local_addr().expect("an address"));
        let serving = Serving {
            register: Arc::clone(&register),
            tls,
            devices,
            enrolment,
            languages: ["fi", "sv", "en"].map(str::to_owned).to_vec(),
            connection_max: 4096,
            in_flight_max: 4096,
            deadline_max: options.deadline_max,
            drain: options.drain,
            reflection: true,
            openid: options.openid.map(|options| OpenId::load(options).expect("the provider's keys")),
            sealer: options.seals.then(|| Sealer::new(&register, None)),
            runner: options.runs_jobs.then(|| Runner::new(Arc::clone(&register))),
            notices: options.delivers_every.map(|every| NoticeWorker::new(Arc::clone(&register), every)),
        };
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let signal = async {
                let _ = stopped.await;
            };
            Box::pin(serve(serving, signal)).await.expect("the server serves");
        });
        Self {
            register,
            store,
            clock,
            surroundings,
            keys,
            addr,
            enrolment_addr,
            authority,
            stop: Mutex::new(Some(stop)),
            server: Mutex::new(Some(server)),
            _files: files,
            database,
        }
    }

    /// The certificate of the authority, PEM: what clients trust.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    /// The address of its database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database.url()
    }

    /// Stops the server as SIGTERM would, and waits until it has stopped.
    ///
    /// # Panics
    /// When the server panicked.
    pub async fn stop(&self) {
        let stop = self.stop.lock().expect("no test panics while stopping").take();
        drop(stop);
        let server = self.server.lock().expect("no test panics while stopping").take();
        if let Some(server) = server {
            server.await.expect("the server stops without a panic");
        }
    }
}

/// The machine's time, for certificates: TLS is checked against it, whatever the register's clock says.
#[expect(clippy::disallowed_methods, reason = "TLS checks certificates against the machine's clock")]
fn now() -> chrono::DateTime<Utc> {
    use chrono::SubsecRound as _;
    Utc::now().trunc_subsecs(6)
}

fn authority_key(authority: &Authority) -> String {
    let folder = TempDir::new().expect("a folder");
    authority.store(folder.path()).expect("the authority can be stored");
    let key = std::fs::read_dir(folder.path())
        .expect("the folder can be read")
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "key"))
        .expect("the authority stores a key");
    std::fs::read_to_string(key).expect("the key can be read")
}

/// The server's certificate and the authority in files, as an operator has them.
fn certificates(authority: &Authority) -> (TempDir, Arc<TlsReloader>) {
    let folder = TempDir::new().expect("a folder");
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let server = authority
        .issue_server_certificate(&names, now(), TimeDelta::hours(24))
        .expect("a server certificate");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    };
    let files = TlsFiles {
        certificate: write("server.pem", &server.certificate_pem),
        key: {
            use secrecy::ExposeSecret as _;
            write("server.key", server.key_pem.expose_secret())
        },
        device_authority: write("authority.pem", authority.certificate_pem()),
        crl: None,
    };
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    let time: Now = Arc::new(now);
    let tls = TlsReloader::load(files, time).expect("certificates");
    (folder, tls)
}

/// Runs each test function on both engines, as `name::sqlite` and `name::postgres`.
///
/// ```ignore
/// on_both_engines! {
///     async fn an_item_is_lent_once(engine: Engine) {
///         let t = TestRegister::start(engine).await;
///     }
/// }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block)+) => {
        $(mod $name {
            use super::*;

            async fn run($engine: $crate::Engine) $body

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(run($crate::Engine::Sqlite)).await;
            }

            $(#[$meta])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(run($crate::Engine::Postgres)).await;
            }
        })+
    };
}
