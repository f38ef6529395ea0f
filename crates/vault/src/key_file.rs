//! The key file: readable by its owner only, made once, replaced in one step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::key_fault::KeyFault;
use crate::masters::{Damage, Masters};
use crate::random::Random;

/// The longest key file read, in bytes: room for the most keys and for comments.
const FILE_BYTES_MAX: usize = 65_536;
/// Permission of the file: its owner reads and writes, nobody else does anything.
const MODE: u32 = 0o600;

/// Makes the file, never over another.
pub(crate) fn create(path: &Path, random: &dyn Random) -> Result<Masters, KeyFault> {
    let masters = Masters::first(random);
    let draft = Draft::open(path)?;
    draft.write(&masters.to_toml())?;
    // A link, unlike a rename, fails where there is a file already.
    fs::hard_link(&draft.path, path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyFault::Exists { path: path.to_owned() },
        _ => io_fault(path)(error),
    })?;
    drop(draft);
    sync_directory_of(path)?;
    Ok(masters)
}

/// Reads the file. Inside `credentials_directory` its mode is not looked at.
pub(crate) fn load(path: &Path, credentials_directory: Option<&Path>) -> Result<Masters, KeyFault> {
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyFault::Missing { path: path.to_owned() },
        _ => io_fault(path)(error),
    })?;
    // Before opening: opening a pipe would wait for somebody to write into it.
    if !metadata.is_file() {
        return Err(damaged(path, Damage::of("it is not a regular file")));
    }
    let file = File::open(path).map_err(io_fault(path))?;
    // Of the opened file, not of the name: the name could point elsewhere by now.
    let metadata = file.metadata().map_err(io_fault(path))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 && !is_within(path, credentials_directory)? {
        return Err(KeyFault::TooOpen { path: path.to_owned(), mode });
    }
    if metadata.len() > FILE_BYTES_MAX as u64 {
        return Err(damaged(path, Damage::of("it is too long")));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX));
    file.take(FILE_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(io_fault(path))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged(path, Damage::of("it is not text")))?;
    Masters::from_toml(text).map_err(|damage| damaged(path, damage))
}

/// Changes the file in one step: after a crash it is either the old one or the new one, whole.
pub(crate) fn change<T>(
    path: &Path,
    by: impl FnOnce(&mut Masters) -> Result<T, KeyFault>,
) -> Result<T, KeyFault> {
    // The draft is the lock, so it comes before reading: two changes at once cannot lose each other's key.
    let draft = Draft::open_beside(path)?;
    let mut masters = load(path, None)?;
    let result = by(&mut masters)?;
    draft.write(&masters.to_toml())?;
    draft.take_the_place_of(path)?;
    sync_directory_of(path)?;
    Ok(result)
}

/// The file a change is written to before it takes the place of the old one. Removed when dropped.
struct Draft {
    path: PathBuf,
    file: File,
    /// False once the name is free again: then it may be another change's draft, which is not ours to remove.
    has_name: bool,
}

impl Draft {
    fn open(path: &Path) -> Result<Self, KeyFault> {
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let path = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path) {
            Ok(file) => Ok(Self { path, file, has_name: true }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeyFault::ChangeUnderWay { path })
            }
            Err(error) => Err(io_fault(&path)(error)),
        }
    }

    /// A draft that belongs to whom the file at `path` belongs to, so that a rotation run by root does not take
    /// the keys away from the service.
    fn open_beside(path: &Path) -> Result<Self, KeyFault> {
        let draft = Self::open(path)?;
        let (Ok(old), Ok(new)) = (fs::metadata(path), draft.file.metadata()) else { return Ok(draft) };
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            fchown(&draft.file, Some(old.uid()), Some(old.gid())).map_err(io_fault(&draft.path))?;
        }
        Ok(draft)
    }

    fn take_the_place_of(mut self, path: &Path) -> Result<(), KeyFault> {
        fs::rename(&self.path, path).map_err(io_fault(path))?;
        self.has_name = false;
        Ok(())
    }

    fn write(&self, text: &str) -> Result<(), KeyFault> {
        (&self.file)
            .write_all(text.as_bytes())
            .and_then(|()| self.file.sync_all())
            .map_err(io_fault(&self.path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.has_name {
            // An error cannot be told to anybody here; the next change will name the file.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn is_within(path: &Path, directory: Option<&Path>) -> Result<bool, KeyFault> {
    let Some(directory) = directory else { return Ok(false) };
    let directory = directory.canonicalize().map_err(io_fault(directory))?;
    Ok(path.canonicalize().map_err(io_fault(path))?.starts_with(directory))
}

fn sync_directory_of(path: &Path) -> Result<(), KeyFault> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory).and_then(|opened| opened.sync_all()).map_err(io_fault(directory))
}

fn damaged(path: &Path, damage: Damage) -> KeyFault {
    KeyFault::Damaged { path: path.to_owned(), line: damage.line, what: damage.what }
}

fn io_fault(path: &Path) -> impl FnOnce(io::Error) -> KeyFault + use<> {
    let path = path.to_owned();
    |source| KeyFault::Io { path, source }
}
