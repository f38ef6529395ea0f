//! The register as a whole: its store, its lanes, its vault.

use crate::{
    Caller, CancelCheckout, Checkout, EndSession, LoanAnswer, PickUp, RegisterError, Return, ReturnAnswer,
    Rulebook, RulebookShelf, Surroundings, UndoAnswer,
    access::check_access::{CheckAccess, PinProof},
    desk::{LiveDesk, Operation, Reply},
    devices::CertificateIssuer,
    notices::NoticeOffice,
    patrons::watch_session::WATCHES_MAX,
};
use kortisto_domain::DeviceKind;
use kortisto_store::{
    Engine, Signals, Store, StoreError,
    entities::rulebook_version,
    lane::{Lane, LaneLimits, LaneStats},
};
use kortisto_vault::{Keys, PinVault};
use sea_orm::{ConnectionTrait, EntityTrait as _};
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};
use uuid::Uuid;

/// Lanes of one kind at most: more only contend for the cores of the database.
const LANES_MAX: usize = 4;

/// How long warming up may take.
const WARM_UP_LIMIT: Duration = Duration::from_secs(5);

/// What a register is made of.
pub struct RegisterOptions {
    /// Where it keeps everything.
    pub store: Arc<Store>,
    /// Time, randomness, time zone.
    pub surroundings: Surroundings,
    /// The keys of secrets.
    pub keys: Arc<Keys>,
    /// Where PINs are verified.
    pub vault: PinVault,
    /// Who signs device certificates; none where certificates come from elsewhere.
    pub issuer: Option<Arc<dyn CertificateIssuer>>,
    /// Limits of each lane.
    pub lane_limits: LaneLimits,
    /// Circulation lanes on PostgreSQL, 1 to 4; SQLite has one lane for everything.
    pub circulation_lanes: usize,
    /// Lanes for doors on PostgreSQL, 1 to 4.
    pub door_lanes: usize,
    /// No refusal of credentials is answered sooner than this after the question, nor at another time
    /// than a multiple of it: the time says nothing of whether the card exists.
    pub failure_floor: Duration,
    /// How long a patron's session at a device lasts.
    pub session_length: Duration,
    /// How often a watched session is looked at without a signal.
    pub look_interval: Duration,
    /// What notices are made with, and who delivers them.
    pub notices: NoticeOffice,
}

/// The register.
pub struct Register {
    pub(crate) store: Arc<Store>,
    pub(crate) surroundings: Surroundings,
    pub(crate) keys: Arc<Keys>,
    pub(crate) vault: PinVault,
    pub(crate) issuer: Option<Arc<dyn CertificateIssuer>>,
    pub(crate) rulebooks: Arc<RulebookShelf>,
    pub(crate) failure_floor: Duration,
    pub(crate) session_length: Duration,
    pub(crate) look_interval: Duration,
    pub(crate) notices: NoticeOffice,
    pub(crate) signals: Arc<Signals>,
    /// Sessions that may yet be watched.
    pub(crate) watches: Arc<Semaphore>,
    /// Becomes true when watches have to end.
    pub(crate) stopping: watch::Sender<bool>,
    circulation: Vec<Lane<LiveDesk>>,
    /// On PostgreSQL only: doors never wait for loans.
    doors: Vec<Lane<LiveDesk>>,
}

impl Register {
    /// Opens the register on a migrated database.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer or its schema is older than this program.
    pub async fn open(options: RegisterOptions) -> Result<Self, StoreError> {
        let RegisterOptions { store, surroundings, .. } = options;
        let rulebook = Rulebook::load(store.readers(), &surroundings).await?;
        let rulebooks = Arc::new(RulebookShelf::new(rulebook));
        let start = || {
            let desk = LiveDesk {
                connection: store.lane_connection(),
                surroundings: surroundings.clone(),
                rulebooks: Arc::clone(&rulebooks),
            };
            Lane::start(Arc::new(desk), options.lane_limits.clone())
        };
        let (circulation_lanes, door_lanes) = match store.engine() {
            Engine::Sqlite => (1, 0),
            Engine::Postgres => {
                (options.circulation_lanes.clamp(1, LANES_MAX), options.door_lanes.clamp(1, LANES_MAX))
            }
        };
        let circulation = (0..circulation_lanes).map(|_| start()).collect();
        let doors = (0..door_lanes).map(|_| start()).collect();
        Ok(Self {
            keys: options.keys,
            vault: options.vault,
            issuer: options.issuer,
            failure_floor: options.failure_floor,
            session_length: options.session_length,
            look_interval: options.look_interval,
            notices: options.notices,
            signals: Signals::listen(&store),
            watches: Arc::new(Semaphore::new(WATCHES_MAX)),
            stopping: watch::Sender::new(false),
            store: Arc::clone(&store),
            surroundings,
            rulebooks,
            circulation,
            doors,
        })
    }

    /// Lends one item.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn checkout(&self, ask: Checkout, deadline: Instant) -> Result<LoanAnswer, RegisterError> {
        let route = route(&ask.token_hash);
        match self.circulate(route, Operation::Checkout(ask), deadline).await? {
            Reply::Loan(answer) => Ok(answer),
            _ => Err(MIXED_UP),
        }
    }

    /// Takes an item back.
    ///
    /// # Errors
    /// [`RegisterError`]; an unknown barcode is a refusal in the answer.
    pub async fn take_back(&self, ask: Return, deadline: Instant) -> Result<ReturnAnswer, RegisterError> {
        let route = route(ask.barcode.as_bytes());
        match self.circulate(route, Operation::Return(ask), deadline).await? {
            Reply::Return(answer) => Ok(answer),
            _ => Err(MIXED_UP),
        }
    }

    /// Undoes a check-out or a renewal.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn cancel_checkout(
        &self,
        ask: CancelCheckout,
        deadline: Instant,
    ) -> Result<UndoAnswer, RegisterError> {
        let route = route(ask.barcode.as_bytes());
        match self.circulate(route, Operation::CancelCheckout(ask), deadline).await? {
            Reply::Undone(answer) => Ok(answer),
            _ => Err(MIXED_UP),
        }
    }

    /// Lends the item that waits for a hold.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn pick_up_hold(&self, ask: PickUp, deadline: Instant) -> Result<LoanAnswer, RegisterError> {
        let route = route(&ask.token_hash);
        match self.circulate(route, Operation::PickUp(ask), deadline).await? {
            Reply::Loan(answer) => Ok(answer),
            _ => Err(MIXED_UP),
        }
    }

    /// Ends a patron's session at a device.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn end_session(&self, ask: EndSession, deadline: Instant) -> Result<(), RegisterError> {
        let route = route(&ask.token_hash);
        match self.circulate(route, Operation::EndSession(ask), deadline).await? {
            Reply::SessionEnded => Ok(()),
            _ => Err(MIXED_UP),
        }
    }

    pub(crate) async fn circulate(
        &self,
        route: u64,
        operation: Operation,
        deadline: Instant,
    ) -> Result<Reply, RegisterError> {
        pick(&self.circulation, route).call(operation, deadline).await?
    }

    pub(crate) async fn ask_door(
        &self,
        route: u64,
        operation: Operation,
        deadline: Instant,
    ) -> Result<Reply, RegisterError> {
        let lanes = if self.doors.is_empty() { &self.circulation } else { &self.doors };
        pick(lanes, route).call(operation, deadline).await?
    }

    /// Asks each lane something that nobody answers, so that connections are open and statements
    /// prepared before the first device waits for them.
    pub async fn warm_up(&self) {
        let deadline = Instant::now() + WARM_UP_LIMIT;
        let caller = Caller { fingerprint: [0; 32], device_id: 0, kind: DeviceKind::Door };
        for lane in self.circulation.iter().chain(&self.doors) {
            let nobody = Operation::CheckAccess(CheckAccess {
                caller,
                card_number: String::new(),
                resource: String::new(),
                nonce: Uuid::nil(),
                pin: PinProof::NotGiven,
            });
            let nothing = Return { caller, request_id: Uuid::nil(), barcode: String::new() };
            for operation in [nobody, Operation::Return(nothing)] {
                // Whatever the answer: the lane has been to the database.
                let _ = lane.call(operation, deadline).await;
            }
        }
    }

    /// The token of a patron's session that was opened at a desk; it is derived and kept nowhere.
    #[must_use]
    pub fn session_token(&self, session: Uuid, device_id: i64) -> SecretString {
        self.keys.session_token(session.as_bytes(), device_id)
    }

    /// The store, for health checks and operators' commands.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Time, randomness and time zone.
    #[must_use]
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The rulebook as this server last saw it, for texts; decisions read the one of their turn.
    #[must_use]
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.rulebooks.current()
    }

    /// The rulebook as this connection sees it at this moment.
    pub(crate) async fn rulebook_in(
        &self,
        connection: &impl ConnectionTrait,
    ) -> Result<Arc<Rulebook>, RegisterError> {
        let version = rulebook_version::Entity::find()
            .one(connection)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::Internal("the rulebook has no version"))?
            .version;
        if let Some(rulebook) = self.rulebooks.at_version(version) {
            return Ok(rulebook);
        }
        // Not put on the shelf: a transaction may yet roll back.
        Ok(Arc::new(Rulebook::load(connection, &self.surroundings).await?))
    }

    /// The vault, for its counters.
    #[must_use]
    pub fn vault(&self) -> &PinVault {
        &self.vault
    }

    /// The counters of every lane, with its name.
    #[must_use]
    pub fn lane_stats(&self) -> Vec<(&'static str, LaneStats)> {
        let circulation = self.circulation.iter().map(|lane| ("circulation", lane.stats()));
        circulation.chain(self.doors.iter().map(|lane| ("doors", lane.stats()))).collect()
    }

    /// Finishes what has queued and takes nothing more.
    pub async fn close(&self) {
        self.end_watches();
        for lane in self.circulation.iter().chain(&self.doors) {
            lane.close().await;
        }
        self.vault.shutdown();
    }
}

/// One of the lanes, always the same for one route. There is at least one.
fn pick(lanes: &[Lane<LiveDesk>], route: u64) -> &Lane<LiveDesk> {
    // The remainder is less than the number of lanes, so it fits.
    &lanes[usize::try_from(route % lanes.len() as u64).unwrap_or(0)]
}

/// A reply of another operation: the desk and this file disagree.
pub(crate) const MIXED_UP: RegisterError =
    RegisterError::Internal("a lane gave the answer to another question");

/// Spreads operations over the lanes, those of one key always to the same one.
pub(crate) fn route(key: &[u8]) -> u64 {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(key)
}
