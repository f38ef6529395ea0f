//! A cluster of one test's own, to be maltreated.

use super::{
    account::Account,
    binaries::Binaries,
    cluster::Cluster,
    directory::{Base, Directory},
    error::Error,
    postmaster::Postmaster,
    settings::Settings,
    watchdog::Watchdog,
};
use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::task::spawn_blocking;

/// A cluster that one test starts, stops, kills and freezes. It keeps its port for life and is thrown away
/// when this is dropped, or when the process ends in any other way.
#[derive(Debug)]
pub struct PrivateCluster {
    cluster: Cluster,
    server: Arc<Mutex<Postmaster>>,
    watchdog: Watchdog,
}

impl Cluster {
    /// Starts a cluster for the caller alone, which takes some two seconds.
    ///
    /// # Errors
    /// When there is no PostgreSQL on the machine, or it does not start.
    pub async fn private(settings: Settings) -> Result<PrivateCluster, Error> {
        blocking(move || PrivateCluster::start(settings)).await
    }
}

impl PrivateCluster {
    fn start(settings: Settings) -> Result<Self, Error> {
        let (base, binaries, account) = (Base::open()?, Binaries::find()?, Account::choose()?);
        let directory = {
            let held = base.lock()?;
            base.sweep(&held)?;
            Directory::create(&base, &held, &binaries, account)?
        };
        let watchdog = Watchdog::private(&directory)?;
        let server = Postmaster::launch(directory, binaries.clone(), account, settings)?;
        let cluster = Cluster::new(binaries, server.port(), None);
        Ok(Self { cluster, server: Arc::new(Mutex::new(server)), watchdog })
    }

    /// Kills every process of the server at once, as a power cut would. Without [`Settings::durable`] it
    /// may come back without its last commits.
    pub async fn kill9(&self) {
        self.on_server(Postmaster::kill).await;
    }

    /// Stops the server in order: open transactions are rolled back and connections closed.
    pub async fn stop(&self) {
        self.on_server(Postmaster::stop).await;
    }

    /// Starts the server again on its port, stopping it first if it runs, and waits until it takes
    /// connections.
    ///
    /// # Errors
    /// When it does not come up; the error has the end of its log.
    pub async fn restart(&self) -> Result<(), Error> {
        self.on_server(|server| {
            server.stop();
            server.start()
        })
        .await
    }

    /// Stops every process of the server where it stands: its connections stay open and say nothing, and
    /// new ones are accepted by the system but never answered.
    pub async fn freeze(&self) {
        self.on_server(Postmaster::freeze).await;
    }

    /// Lets the server go on after [`PrivateCluster::freeze`].
    pub async fn thaw(&self) {
        self.on_server(Postmaster::thaw).await;
    }

    /// Runs to its end even if the test stops waiting, so that the server is never half stopped.
    async fn on_server<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Postmaster) -> T + Send + 'static,
    ) -> T {
        let server = Arc::clone(&self.server);
        blocking(move || work(&mut server.lock().unwrap_or_else(PoisonError::into_inner))).await
    }
}

impl Deref for PrivateCluster {
    type Target = Cluster;

    fn deref(&self) -> &Cluster {
        &self.cluster
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).discard();
        self.watchdog.release();
    }
}

/// Runs work that blocks away from the runtime: a server under test may share it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(work).await.expect("nothing here panics, and a runtime that waits is not shutting down")
}
