//! SQLite: one writer, a few readers, one server per file.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection,
    sqlx::{
        ConnectOptions as _,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

use super::StoreOptions;
use crate::StoreError;

/// How long a unit of work or the lane queues for the one writer. Each has a deadline of its own that is shorter.
const WRITER_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Prepared statements kept per connection: all of the register's, with room.
const STATEMENTS_CACHED_MAX: usize = 256;
/// Page cache of the writer, as SQLite wants it: negative for KiB.
const WRITER_CACHE: &str = "-32768";
/// Page cache of each reader.
const READER_CACHE: &str = "-8192";
/// The write-ahead log is cut back to this size after a burst.
const JOURNAL_BYTES_MAX: &str = "67108864";

/// A database file with its lock. Dropping it, or the end of the process however it comes, releases the lock.
pub(super) struct LockedFile {
    path: PathBuf,
    _lock: File,
}

impl LockedFile {
    /// Takes the lock on the file that `url` names, if this process `serves`, and creates the file if need be.
    pub(super) fn of_url(url: &str, serves: bool) -> Result<Self, StoreError> {
        let named = SqliteConnectOptions::from_str(url)
            .map_err(|_| StoreError::other("the SQLite URL is not usable; write sqlite://path"))?;
        let path = named.get_filename().to_owned();
        // sqlx gives databases in memory a made-up `file:` name. One that each connection sees alone is no register.
        if url.contains(":memory:") || url.contains("mode=memory") || path.as_os_str().is_empty() {
            return Err(StoreError::other("the SQLite URL must name a file: sqlite://path"));
        }
        let lock = owner_only(&lock_path(&path))?;
        match if serves { lock.try_lock() } else { Ok(()) } {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { path: path.display().to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(unusable(&lock_path(&path), &error)),
        }
        // Made here and not by SQLite, for its mode; the log beside it takes the same.
        owner_only(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// `<database>.lock`, beside the database.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    PathBuf::from(name)
}

/// Opens a file for writing; when it does not exist, creates it for its owner only.
fn owner_only(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::other(format!("{} cannot be used: {}", path.display(), error.kind()))
}

/// The one connection that writes.
pub(super) async fn writer(path: &Path, options: &StoreOptions) -> Result<DatabaseConnection, StoreError> {
    let connection = common(path, options)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL may lose the last commits when the power goes.
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", JOURNAL_BYTES_MAX)
        .pragma("cache_size", WRITER_CACHE);
    connect(connection, 1, WRITER_ACQUIRE_TIMEOUT).await
}

/// Connections that read. To be opened after the writer, which makes the write-ahead log.
pub(super) async fn readers(path: &Path, options: &StoreOptions) -> Result<DatabaseConnection, StoreError> {
    connect(reading(path, options), options.sqlite_readers.max(1), options.acquire_timeout).await
}

/// One connection that reads.
pub(super) fn reading(path: &Path, options: &StoreOptions) -> SqliteConnectOptions {
    common(path, options).read_only(true).pragma("cache_size", READER_CACHE)
}

/// No memory mapping: an I/O error would end the process instead of being an answer.
fn common(path: &Path, options: &StoreOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(options.lock_timeout)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .statement_cache_capacity(STATEMENTS_CACHED_MAX)
        .disable_statement_logging()
}

async fn connect(
    connection: SqliteConnectOptions,
    connections_max: u32,
    acquire_timeout: Duration,
) -> Result<DatabaseConnection, StoreError> {
    // The URL only chooses the driver. What counts is the mapped options.
    let mut pool = ConnectOptions::new("sqlite://store");
    pool.max_connections(connections_max)
        .min_connections(connections_max)
        .acquire_timeout(acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .map_sqlx_sqlite_opts(move |_| connection.clone());
    Ok(Database::connect(pool).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_in_memory_is_refused() {
        for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://a.db?mode=memory"] {
            assert!(matches!(LockedFile::of_url(url, true), Err(StoreError::Other { .. })), "{url}");
        }
    }

    #[test]
    fn the_lock_lies_beside_the_database() {
        assert_eq!(lock_path(Path::new("/data/register.db")), Path::new("/data/register.db.lock"));
    }

    #[test]
    fn a_folder_that_does_not_exist_is_named() {
        let error = LockedFile::of_url("sqlite:///nowhere/at/all/register.db", true).err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("/nowhere/at/all/register.db.lock"), "{text}");
    }
}
