//! An empty register for one import test.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Helsinki;
use kortisto_migrations::{Migrator, MigratorTrait as _};
use kortisto_register::{
    Surroundings,
    imports::{ImportError, ImportKind, ImportOptions, ImportReport, Source, import},
};
use kortisto_store::{Store, StoreError, StoreOptions};
use kortisto_testkit::{
    HandTurnedClock, build_fingerprint,
    postgres::{self, Cluster},
    register::Engine,
    sqlite,
};
use kortisto_vault::{HashCost, Keys, SeededRandom};
use sea_orm::{ConnectionTrait as _, Statement, TryGetable};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Some branches to refer to.
pub(crate) const BRANCHES: &str = "code,name,municipality\nMAIN,Pääkirjasto,405\nEAST,Itä,153\n";

/// Noon in Helsinki on Wednesday, 20 May 2026.
pub(crate) const NOW: &str = "2026-05-20T09:00:00Z";

/// A store with an empty schema. Its fields go in this order: connections before what they lead to.
pub(crate) struct Kit {
    pub(crate) store: Store,
    pub(crate) surroundings: Surroundings,
    pub(crate) clock: HandTurnedClock,
    pub(crate) keys: Arc<Keys>,
    pub(crate) database: Database,
}

/// Where the store is kept.
pub(crate) enum Database {
    /// A file of its own.
    Sqlite(sqlite::Database),
    /// A database of the shared cluster.
    Postgres(postgres::Database),
}

impl Database {
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(database) => database.url(),
            Self::Postgres(database) => database.url(),
        }
    }
}

async fn migrate(url: String) -> Result<(), StoreError> {
    let store = Store::open(&StoreOptions::new(url)).await?;
    Migrator::up(store.writer(), None).await?;
    store.close().await;
    Ok(())
}

fn template_name() -> String {
    format!("import_{}", build_fingerprint().unwrap())
}

impl Kit {
    pub(crate) async fn start(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let template = sqlite::Template::ensure(&template_name(), migrate).await.unwrap();
                Self::on(Database::Sqlite(template.copy().unwrap())).await
            }
            Engine::Postgres => Self::start_in(&Cluster::shared().await.unwrap()).await,
        }
    }

    /// In a new database of this cluster.
    pub(crate) async fn start_in(cluster: &Cluster) -> Self {
        let template = cluster.ensure_template(&template_name(), migrate).await.unwrap();
        Self::on(Database::Postgres(cluster.create_database_from(&template).await.unwrap())).await
    }

    async fn on(database: Database) -> Self {
        let store = Store::open(&StoreOptions::new(database.url())).await.unwrap();
        let clock = HandTurnedClock::at(NOW.parse::<DateTime<Utc>>().unwrap());
        let surroundings = Surroundings {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SeededRandom::new(7)),
            zone: Helsinki,
        };
        let keys = Arc::new(Keys::ephemeral(&SeededRandom::new(8)));
        Self { store, surroundings, clock, keys, database }
    }

    /// Imports a text with the keys at hand.
    pub(crate) async fn import(
        &self,
        kind: ImportKind,
        text: impl AsRef<[u8]>,
    ) -> Result<ImportReport, ImportError> {
        let options = ImportOptions {
            keys: Some(Arc::clone(&self.keys)),
            pin_cost: HashCost::CHEAP_FOR_TESTS,
            pin_threads: 2,
            ..ImportOptions::default()
        };
        self.import_with(kind, Source::spool(text.as_ref(), "test.csv").unwrap(), options).await
    }

    pub(crate) async fn import_with(
        &self,
        kind: ImportKind,
        source: Source,
        options: ImportOptions,
    ) -> Result<ImportReport, ImportError> {
        let deadline = Instant::now() + Duration::from_secs(60);
        import(&self.store, &self.surroundings, kind, source, options, deadline).await
    }

    /// Imports and gives created, changed and unchanged.
    #[track_caller]
    pub(crate) fn counts(report: Result<ImportReport, ImportError>) -> (u64, u64, u64) {
        let report = report.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(report.rows, report.created + report.changed + report.unchanged);
        (report.created, report.changed, report.unchanged)
    }

    /// The faults of an import that must be refused, each as its line and column.
    #[track_caller]
    pub(crate) fn faults(report: Result<ImportReport, ImportError>) -> Vec<(u64, &'static str)> {
        match report {
            Err(ImportError::Refused { faults, .. }) => {
                faults.listed().iter().map(|fault| (fault.line, fault.column)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    /// The first column of the first row of a query.
    pub(crate) async fn value<T: TryGetable>(&self, sql: &str) -> T {
        let statement = Statement::from_string(self.store.engine().backend(), sql);
        let row = self.store.readers().query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.value(&format!("select count(*) from {table}")).await
    }
}

/// Runs each test on both engines.
macro_rules! on_both_engines {
    ($($test:ident,)+) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::kit::Kit::start(kortisto_testkit::register::Engine::Sqlite).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test($crate::kit::Kit::start(kortisto_testkit::register::Engine::Postgres).await).await;
            })+
        }
    };
}
pub(crate) use on_both_engines;
