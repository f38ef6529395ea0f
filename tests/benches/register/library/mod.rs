//! A library of a given size on one engine: its database, its devices, and its restocking between rounds.

pub(crate) mod devices;
pub(crate) mod names;
pub(crate) mod rows;
pub(crate) mod size;

use crate::{library::size::Size, machine};
use devices::Devices;
use kortisto_migrations::{Migrator, MigratorTrait as _};
use kortisto_register::{Clock as _, SystemClock};
use kortisto_server::ca::Authority;
use kortisto_store::{Store, StoreOptions};
use kortisto_testkit::{
    Engine,
    postgres::{Cluster, PrivateCluster, Settings},
    register::Words,
    sqlite,
};
use kortisto_vault::{CardBinding, HashCost, Keys, LengthRange, Pin, PinVault, PoolSize, SystemRandom};
use sea_orm::{ConnectionTrait as _, Statement};
use size::{CARDS_WITH_PIN, PIN};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tempfile::TempDir;

/// How long a statement of the set-up may wait for the server under test.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// Where the databases of an engine are.
pub(crate) enum Shelf {
    Sqlite,
    /// With every commit on the disk before it is acknowledged.
    Postgres(Box<PrivateCluster>),
}

impl Shelf {
    pub(crate) async fn open(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite,
            Engine::Postgres => {
                let settings = Settings::durable()
                    .set("shared_buffers", "1GB")
                    .set("max_wal_size", "8GB")
                    .set("checkpoint_timeout", "30min");
                Self::Postgres(Box::new(Cluster::private(settings).await.expect("a cluster of its own")))
            }
        }
    }
}

enum Database {
    Sqlite(sqlite::Database),
    Postgres(String),
}

/// A library, ready to be served.
pub(crate) struct Library {
    pub(crate) engine: Engine,
    pub(crate) size: Size,
    pub(crate) devices: Devices,
    pub(crate) authority: Authority,
    /// Keys, certificates and configuration of its server.
    pub(crate) folder: TempDir,
    pub(crate) words: Words,
    store: Store,
    database: Database,
    /// Numbers the restockings, so that no loan id comes twice.
    restocked: AtomicU8,
    /// The next free item, lent item and door check.
    next_free: AtomicU64,
    next_lent: AtomicU64,
}

impl Library {
    /// Makes and fills a new one.
    pub(crate) async fn create(shelf: &Shelf, size: Size) -> Self {
        let (engine, database) = match shelf {
            Shelf::Sqlite => (Engine::Sqlite, Database::Sqlite(sqlite::Database::empty().expect("a folder"))),
            Shelf::Postgres(cluster) => {
                static LIBRARIES: AtomicU8 = AtomicU8::new(0);
                let name = format!("library_{}", LIBRARIES.fetch_add(1, Relaxed));
                let maintenance =
                    sea_orm::Database::connect(cluster.url("postgres")).await.expect("a server");
                let create = format!("create database {name}");
                maintenance.execute_unprepared(&create).await.expect("a database");
                maintenance.close().await.expect("a connection closes");
                (Engine::Postgres, Database::Postgres(cluster.url(&name)))
            }
        };
        let folder = TempDir::new().expect("a folder");
        let mut options = StoreOptions::new(url_of(&database));
        options.serves = false;
        options.statement_timeout = Duration::ZERO;
        options.lock_timeout = LOCK_TIMEOUT;
        let store = Store::open(&options).await.expect("a store");
        Migrator::up(store.writer(), None).await.expect("a schema");
        let authority = Authority::create(SystemClock.now(), "Mittaus").expect("an authority");
        let devices = Devices::certify(&authority);
        let library = Self {
            engine,
            size,
            devices,
            authority,
            folder,
            words: Words(engine),
            store,
            database,
            restocked: AtomicU8::new(0),
            next_free: AtomicU64::new(1),
            next_lent: AtomicU64::new(1),
        };
        library.fill().await;
        library
    }

    /// The address of the database.
    pub(crate) fn url(&self) -> String {
        url_of(&self.database)
    }

    /// The SQLite file.
    pub(crate) fn sqlite_path(&self) -> Option<&Path> {
        self.store.sqlite_path()
    }

    /// The database, for what this process does to it beside the server.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn key_file(&self) -> std::path::PathBuf {
        self.folder.path().join("keys.toml")
    }

    /// Runs a statement and says how when it fails.
    pub(crate) async fn run(&self, sql: &str) {
        if let Err(error) = self.store.writer().execute_unprepared(sql).await {
            let shown: String = sql.chars().take(400).collect();
            panic!("{error}\n{shown}");
        }
    }

    /// The process that PostgreSQL's others descend from.
    pub(crate) async fn postmaster(&self) -> Option<u32> {
        if self.engine == Engine::Sqlite {
            return None;
        }
        let pid: i32 = self.one("select pg_backend_pid()").await;
        machine::parent_of(u32::try_from(pid).ok()?)
    }

    /// The one value of a query.
    pub(crate) async fn one<T: sea_orm::TryGetable>(&self, sql: &str) -> T {
        let connection = self.store.writer();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let row = connection.query_one_raw(statement).await.expect("a query runs").expect("a row");
        row.try_get_by_index(0).expect("a value")
    }

    /// The number of a free item that nobody had yet. Wraps round when all are lent.
    pub(crate) fn take_free(&self) -> u64 {
        1 + (self.next_free.fetch_add(1, Relaxed) - 1) % self.size.free_items
    }

    /// The number of a lent item that nobody brought back yet.
    pub(crate) fn take_lent(&self) -> u64 {
        self.size.free_items + 1 + (self.next_lent.fetch_add(1, Relaxed) - 1) % self.size.lent_items
    }

    /// Sets the items aside that a floor lends by itself, and gives the number before the first.
    pub(crate) fn set_free_aside(&self, items: u64) -> u64 {
        let before = self.next_free.fetch_add(items, Relaxed) - 1;
        assert!(before + items <= self.size.free_items, "too few free items for a floor of {items}");
        before
    }

    /// Free items that nobody had since the last restocking.
    pub(crate) fn free_left(&self) -> u64 {
        self.size.free_items.saturating_sub(self.next_free.load(Relaxed))
    }

    /// Puts every item back where it was in the beginning. Audit, history and remembered answers stay.
    pub(crate) async fn restock(&self) {
        let round = self.restocked.fetch_add(1, Relaxed) + 1;
        let clear =
            if self.engine == Engine::Postgres { "truncate open_loans" } else { "delete from open_loans" };
        self.run(clear).await;
        self.run(&rows::lent(self.words, &self.size, round)).await;
        for statement in rows::put_back(self.words, &self.size) {
            self.run(&statement).await;
        }
        for table in ["open_loans", "holds", "items"] {
            self.run(&format!("{} {table}", self.words.analyze())).await;
        }
        if self.engine == Engine::Postgres {
            self.run("checkpoint").await;
        }
        self.next_free.store(1, Relaxed);
        self.next_lent.store(1, Relaxed);
    }

    async fn fill(&self) {
        for statement in rows::all(self.words, &self.size, SystemClock.now()) {
            self.run(&statement).await;
        }
        self.run(&self.devices.rows(self.words)).await;
        self.run(&self.devices.certificate_rows(self.words)).await;
        for statement in rows::sessions(self.words, &self.size) {
            self.run(&statement).await;
        }
        for statement in rows::staff(self.words) {
            self.run(&statement).await;
        }
        self.run(&self.pins().await).await;
        self.run(self.words.analyze()).await;
        if self.engine == Engine::Postgres {
            self.run("checkpoint").await;
        }
    }

    /// The PINs of the cards that have one, under the keys of the server.
    async fn pins(&self) -> String {
        let keys = Arc::new(Keys::create(&self.key_file(), &SystemRandom).expect("keys"));
        let size = PoolSize { threads: 1, queue_per_thread: 1 };
        let vault = PinVault::start(keys, Arc::new(SystemRandom), HashCost::RECOMMENDED, size);
        let mut rows = Vec::new();
        for card in 1..=CARDS_WITH_PIN {
            let pin = Pin::parse(PIN, LengthRange::WIDEST).expect("a PIN");
            let binding = CardBinding(i64::try_from(card).expect("few cards"));
            let stored = vault.hash(pin, binding).await.expect("a hash");
            let hash = self.words.bytes(&stored.hash);
            rows.push(format!(
                "({card}, {}, {}, {hash}, '{}', 0)",
                stored.scheme,
                stored.key_id,
                rows::LONG_AGO
            ));
        }
        format!(
            "insert into pins (card_id, scheme, key_id, hash, set_at, failures) values {}",
            rows.join(", ")
        )
    }
}

fn url_of(database: &Database) -> String {
    match database {
        Database::Sqlite(file) => file.url(),
        Database::Postgres(url) => url.clone(),
    }
}
