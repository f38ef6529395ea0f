//! Finds the shared cluster of the run, or starts it.

use super::{
    account::Account,
    binaries::Binaries,
    cluster::Cluster,
    directory::{Base, Directory},
    error::Error,
    pid_file::PidFile,
    postmaster::Postmaster,
    settings::Settings,
    watchdog::Watchdog,
};
use crate::scratch::lock_file;
use std::{fs, process, sync::Arc};
use tokio::{sync::OnceCell, task::spawn_blocking};

/// Kept to the end of the process, and with it the lease on the cluster.
static SHARED: OnceCell<Arc<Cluster>> = OnceCell::const_new();

impl Cluster {
    /// The cluster that all tests of the run share; the first to ask starts it, which takes some two
    /// seconds. Keep to a database of your own in it: [`Cluster::create_database_from`].
    ///
    /// # Errors
    /// When there is no PostgreSQL on the machine, or it does not start.
    pub async fn shared() -> Result<Arc<Self>, Error> {
        let cluster = SHARED.get_or_try_init(async || {
            spawn_blocking(find_or_start).await.map_err(|error| Error::Io(error.into()))?
        });
        cluster.await.map(Arc::clone)
    }
}

/// Takes the lease while nobody can stop the cluster. Blocks.
fn find_or_start() -> Result<Arc<Cluster>, Error> {
    let base = Base::open()?;
    let binaries = Binaries::find()?;
    let held = base.lock()?;
    let port = match running(&base) {
        Some(port) => port,
        None => {
            base.sweep(&held)?;
            let account = Account::choose()?;
            let directory = Directory::create(&base, &held, &binaries, account)?;
            let name = directory.path().file_name().unwrap_or_default().to_owned();
            fs::write(base.path().join("shared"), name.as_encoded_bytes())?;
            Watchdog::shared(&directory, &base)?;
            Postmaster::launch(directory, binaries.clone(), account, Settings::default())?.port()
        }
    };
    let path = base.path().join("lease");
    // The time of this is when the cluster was last wanted, should we end before the watchdog looks.
    fs::write(&path, process::id().to_string())?;
    let lease = lock_file(&path)?;
    lease.lock_shared()?;
    Ok(Arc::new(Cluster::new(binaries, port, Some(lease))))
}

/// The port of the shared cluster if it runs.
fn running(base: &Base) -> Option<u16> {
    let name = fs::read_to_string(base.path().join("shared")).ok()?;
    let data = base.path().join(name).join("data");
    let server = PidFile::read(&data)?;
    (server.ready && server.is_running(&data)).then_some(server.port)
}
