//! SQLite databases for tests: a template file, made once per run, and a copy of it for each test.

use crate::scratch::{lock_file, shared_directory};
use std::{
    ffi::OsStr,
    fmt::Display,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// When a template that nobody removed is removed: by then its build is surely replaced.
const TEMPLATE_AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest name of a template, in characters, as on the other engine.
const NAME_CHARACTERS_MAX: usize = 48;

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A name that cannot be a file's and a database's alike.
    #[error("`{0}` is no name for a template: 1 to 48 of a-z, 0-9 and _")]
    TemplateName(String),
    /// What the test had to say about its own migration.
    #[error("the migration of the template failed: {0}")]
    Migration(String),
    /// The file alone is not the whole database, so a copy of it would lack something.
    #[error("the migration left {0} behind: close its connections before it ends")]
    StillOpen(PathBuf),
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A database file that is ready to be copied.
#[derive(Clone, Debug)]
pub struct Template {
    path: PathBuf,
}

impl Template {
    /// Gives the template called `name`, and makes it first if it is not there: `migrate` gets the address
    /// of an empty database, fills it and closes it. Processes that ask at the same time wait for the one
    /// that makes it.
    ///
    /// Name it after what it holds, for example with [`build_fingerprint`](crate::build_fingerprint): an
    /// existing one is taken as it is.
    ///
    /// # Errors
    /// [`Error::TemplateName`], [`Error::Migration`] with what `migrate` said, [`Error::StillOpen`], or a
    /// failed file operation. After an error the next caller begins anew.
    pub async fn ensure<E: Display>(
        name: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Result<Self, Error> {
        Self::ensure_in(shared_directory("kortisto-sqlite")?, name, migrate).await
    }

    async fn ensure_in<E: Display>(
        folder: PathBuf,
        name: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Result<Self, Error> {
        let harmless = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if name.is_empty() || name.len() > NAME_CHARACTERS_MAX || !name.bytes().all(harmless) {
            return Err(Error::TemplateName(name.to_owned()));
        }
        let path = folder.join(format!("{name}.sqlite"));
        let lock = lock_file(&folder.join(format!("{name}.lock")))?;
        let _held = spawn_blocking(move || lock.lock().map(|()| lock)).await.map_err(io::Error::from)??;
        if !path.exists() {
            remove_old(&folder)?;
            let building = folder.join(format!("{name}.building"));
            remove_if_there(&building)?;
            migrate(url_of(&building)).await.map_err(|error| Error::Migration(error.to_string()))?;
            let log = folder.join(format!("{name}.building-wal"));
            if log.exists() {
                remove_if_there(&log)?;
                return Err(Error::StillOpen(log));
            }
            fs::rename(&building, &path)?;
        }
        Ok(Self { path })
    }

    /// A new database like the template, in a folder of its own that is removed when the handle is dropped.
    ///
    /// # Errors
    /// When the file cannot be copied.
    pub fn copy(&self) -> Result<Database, Error> {
        let database = Database::empty()?;
        fs::copy(&self.path, database.path())?;
        Ok(database)
    }
}

/// A database file in a folder of its own, which goes when this is dropped.
#[derive(Debug)]
pub struct Database {
    folder: TempDir,
}

impl Database {
    /// A place for a database that does not exist yet.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn empty() -> Result<Self, Error> {
        Ok(Self { folder: tempfile::Builder::new().prefix("kortisto-").tempdir()? })
    }

    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("kortisto.sqlite")
    }

    /// Its address. Opening it makes the file when it is missing.
    #[must_use]
    pub fn url(&self) -> String {
        url_of(&self.path())
    }
}

fn url_of(path: &Path) -> String {
    format!("sqlite://{}?mode=rwc", path.display())
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes templates of builds long gone. Their locks stay: somebody may be waiting for one.
fn remove_old(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if age > TEMPLATE_AGE_MAX && entry.path().extension() == Some(OsStr::new("sqlite")) {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Error, Template};
    use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbErr};
    use std::{
        fs, io,
        sync::atomic::{AtomicU32, Ordering},
    };

    async fn run(url: String, statement: &str) -> Result<DatabaseConnection, DbErr> {
        let database = sea_orm::Database::connect(url).await?;
        database.execute_unprepared(statement).await?;
        Ok(database)
    }

    async fn make_table(url: String) -> Result<(), DbErr> {
        run(url, "PRAGMA journal_mode = WAL; CREATE TABLE loan (id INTEGER)").await?.close().await
    }

    #[tokio::test]
    async fn is_made_once_and_copies_do_not_see_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let made = AtomicU32::new(0);
        let ensure = || {
            Template::ensure_in(folder.path().to_owned(), "loans", async |url| {
                made.fetch_add(1, Ordering::SeqCst);
                make_table(url).await
            })
        };
        let (one, other, third) = tokio::join!(ensure(), ensure(), ensure());
        assert_eq!(made.load(Ordering::SeqCst), 1);
        let copies = [one, other, third].map(|template| template.unwrap().copy().unwrap());
        for copy in &copies {
            // A second row would break this, if the copies were one database.
            let insert = "CREATE UNIQUE INDEX single ON loan (id); INSERT INTO loan VALUES (1)";
            run(copy.url(), insert).await.unwrap().close().await.unwrap();
        }
        let [first, ..] = copies;
        let path = first.path();
        drop(first);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_failed_migration_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let ensure = async |fail: bool| {
            Template::ensure_in(folder.path().to_owned(), "loans", async |url| {
                make_table(url).await.map_err(io::Error::other)?;
                if fail { Err(io::Error::other("out of paper")) } else { Ok(()) }
            })
            .await
        };
        assert!(matches!(ensure(true).await, Err(Error::Migration(text)) if text == "out of paper"));
        ensure(false).await.unwrap();
    }

    #[tokio::test]
    async fn a_migration_that_stays_connected_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut open = None;
        let outcome = Template::ensure_in(folder.path().to_owned(), "loans", async |url| {
            open = Some(run(url, "PRAGMA journal_mode = WAL; CREATE TABLE loan (id INTEGER)").await?);
            Ok::<_, DbErr>(())
        });
        assert!(matches!(outcome.await, Err(Error::StillOpen(_))));
    }

    #[tokio::test]
    async fn a_name_cannot_leave_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["", "../up", "A", "a/b"] {
            let outcome = Template::ensure_in(folder.path().to_owned(), name, make_table).await;
            assert!(matches!(outcome, Err(Error::TemplateName(_))), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
