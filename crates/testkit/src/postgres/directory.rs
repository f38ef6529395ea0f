//! Where clusters live on the disk: one folder each, below one that all processes of a user share.
//!
//! ```text
//! <temporary folder>/kortisto-postgres-<uid>/
//!     start.lock      held exclusively while a cluster is found, made or swept away
//!     lease           held shared by every process that uses the shared cluster
//!     shared          the name of the folder of the shared cluster
//!     <cluster>/      alive (locked by its watchdog), log, data/
//! ```

use super::{
    account::Account, binaries::Binaries, error::Error, pid_file::PidFile, processes::signal_children,
};
use crate::scratch::{lock_file, shared_directory};
use rustix::process::{Signal, kill_process};
use std::{
    fs::{self, File, Permissions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// The database user that owns everything.
pub(super) const USER: &str = "kortisto";

/// How much of the end of a log goes into an error, in bytes.
const LOG_TAIL_BYTES: u64 = 4 * 1024;

/// The folder that the processes of a user share.
#[derive(Clone, Debug)]
pub(super) struct Base(PathBuf);

/// Proof that nobody else looks for, makes or sweeps away clusters now.
#[derive(Debug)]
pub(super) struct StartLock {
    _file: File,
}

impl Base {
    /// Opens it, and makes it when it is missing.
    pub(super) fn open() -> Result<Self, Error> {
        Ok(Self(shared_directory("kortisto-postgres")?))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Waits until nobody else is starting or stopping a cluster.
    pub(super) fn lock(&self) -> Result<StartLock, Error> {
        let file = lock_file(&self.0.join("start.lock"))?;
        file.lock()?;
        Ok(StartLock { _file: file })
    }

    /// Removes every cluster whose watchdog is gone, with the server that it left running.
    pub(super) fn sweep(&self, _held: &StartLock) -> Result<(), Error> {
        for entry in fs::read_dir(&self.0)?.flatten() {
            let path = entry.path();
            if !path.is_dir() {
                continue;
            }
            let alive = lock_file(&path.join("alive"))?;
            if let Err(TryLockError::WouldBlock) = alive.try_lock() {
                continue;
            }
            let data = path.join("data");
            if let Some(server) = PidFile::read(&data).filter(|server| server.is_running(&data)) {
                signal_children(server.pid, Signal::KILL);
                _ = kill_process(server.pid, Signal::KILL);
            }
            fs::remove_dir_all(&path)?;
        }
        Ok(())
    }
}

/// The folder of one cluster.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Keeps the sweep away until the watchdog holds this lock too.
    _alive: File,
}

impl Directory {
    /// Makes a folder with an empty cluster in it. Takes about a second.
    pub(super) fn create(
        base: &Base,
        _held: &StartLock,
        binaries: &Binaries,
        account: Account,
    ) -> Result<Self, Error> {
        let path = tempfile::Builder::new()
            .prefix("cluster-")
            .permissions(Permissions::from_mode(0o755))
            .tempdir_in(base.path())?
            .keep();
        let alive = lock_file(&path.join("alive"))?;
        alive.lock_shared()?;
        let directory = Self { path, _alive: alive };
        let data = directory.data();
        fs::create_dir(&data)?;
        fs::set_permissions(&data, Permissions::from_mode(0o700))?;
        account.own(&data)?;
        directory.initialise(account.command(&binaries.program("initdb")))?;
        Ok(directory)
    }

    fn initialise(&self, mut initdb: Command) -> Result<(), Error> {
        let data = self.data();
        initdb.current_dir(&data).arg("--pgdata").arg(&data);
        initdb.args(["--username", USER, "--auth=trust", "--no-sync", "--no-instructions"]);
        // The same byte order and ASCII-only case folding as SQLite, whatever the machine speaks.
        initdb.args(["--encoding=UTF8", "--locale=C"]);
        let output = initdb.output()?;
        if output.status.success() {
            return Ok(());
        }
        let program = PathBuf::from(initdb.get_program());
        Err(Error::Program { program, output: String::from_utf8_lossy(&output.stderr).into_owned() })
    }

    /// The folder itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The data directory, which belongs to the server's account.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// What the server prints.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The end of what the server printed.
    pub(super) fn log_tail(&self) -> String {
        let mut tail = Vec::new();
        if let Ok(mut file) = File::open(self.log()) {
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            _ = file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)));
            _ = file.read_to_end(&mut tail);
        }
        String::from_utf8_lossy(&tail).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::watchdog::Watchdog, Account, Base, Binaries, Directory, Permissions};
    use std::{fs, os::unix::fs::PermissionsExt as _};

    #[test]
    fn a_cluster_without_a_watchdog_is_swept_away_and_one_with_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let base = Base(folder.path().to_owned());
        fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
        let (binaries, account) = (Binaries::find().unwrap(), Account::choose().unwrap());
        let held = base.lock().unwrap();

        let abandoned = Directory::create(&base, &held, &binaries, account).unwrap();
        let abandoned = {
            let dropped = abandoned;
            dropped.path().to_owned()
        };
        let watched = Directory::create(&base, &held, &binaries, account).unwrap();
        let mut watchdog = Watchdog::private(&watched).unwrap();
        let watched = watched.path().to_owned();

        base.sweep(&held).unwrap();
        assert!(!abandoned.exists());
        assert!(watched.exists());

        watchdog.release();
        assert!(!watched.exists());
    }
}
