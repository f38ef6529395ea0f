//! A running cluster: its addresses and its databases.

use super::{
    binaries::Binaries,
    database::Database,
    directory::USER,
    error::Error,
    template::{self, Template},
};
use sea_orm::{ConnectOptions, ConnectionTrait as _, DatabaseConnection};
use std::{
    fmt::Display,
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// The database that is always there.
const MAINTENANCE_DATABASE: &str = "postgres";

/// Numbers the databases that this process makes.
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// A running cluster on loopback.
#[derive(Debug)]
pub struct Cluster {
    binaries: Binaries,
    port: u16,
    /// While any process holds it, the shared cluster runs.
    _lease: Option<File>,
}

impl Cluster {
    pub(super) fn new(binaries: Binaries, port: u16, lease: Option<File>) -> Self {
        Self { binaries, port, _lease: lease }
    }

    /// Where the server listens, for a proxy in front of it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The address of a database of it. The user may do everything and has no password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        url_at(self.address(), database)
    }

    /// Gives the template called `name`, and makes it first if no process of the run has: `migrate` gets
    /// the address of an empty database and fills it. Processes that ask at the same time wait for the one
    /// that makes it.
    ///
    /// Name it after what it holds, for example with [`build_fingerprint`](crate::build_fingerprint): an
    /// existing one is taken as it is.
    ///
    /// # Errors
    /// [`Error::TemplateName`], [`Error::Migration`] with what `migrate` said, or a failed statement. After
    /// an error the next caller begins anew.
    pub async fn ensure_template<E: Display>(
        &self,
        name: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Result<Template, Error> {
        template::check_name(name)?;
        let connection = self.connect().await?;
        let outcome = template::ensure(&connection, name, async || migrate(self.url(name)).await).await;
        connection.close().await?;
        outcome
    }

    /// A new database like the template, which is removed when the handle is dropped. Takes some 50 ms.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn create_database_from(&self, template: &Template) -> Result<Database, Error> {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}_{}_{number}", template.name(), process::id());
        let connection = self.connect().await?;
        let statement = format!(r#"CREATE DATABASE "{name}" TEMPLATE "{}""#, template.name());
        let outcome = connection.execute_unprepared(&statement).await;
        connection.close().await?;
        outcome?;
        let dropdb = self.binaries.program("dropdb");
        Ok(Database::new(name, self.address(), self.url(MAINTENANCE_DATABASE), dropdb))
    }

    /// One connection to the maintenance database.
    async fn connect(&self) -> Result<DatabaseConnection, Error> {
        let mut options = ConnectOptions::new(self.url(MAINTENANCE_DATABASE));
        options.max_connections(1).sqlx_logging(false);
        Ok(sea_orm::Database::connect(options).await?)
    }
}

/// The address of a database behind `address`, which is a server or a proxy in front of it.
pub(super) fn url_at(address: SocketAddr, database: &str) -> String {
    // Without the last part each connection asks for TLS first: one more round trip.
    format!("postgres://{USER}@{address}/{database}?sslmode=disable")
}
