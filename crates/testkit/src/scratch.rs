//! Directories in the system's temporary folder that the processes of a run share.

use std::{
    env, fs, io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::PathBuf,
};

/// Opens `<temporary folder>/<name>-<our user id>`, and makes it when it is missing.
///
/// Others may read and enter it: the account that runs PostgreSQL has to reach its data below it.
///
/// # Errors
/// When it cannot be made, or when somebody else made it: a stranger's directory is not to be trusted.
pub(crate) fn shared_directory(name: &str) -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let path = env::temp_dir().join(format!("{name}-{uid}"));
    match fs::DirBuilder::new().mode(0o755).create(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    let metadata = fs::symlink_metadata(&path)?;
    if !metadata.is_dir() || metadata.uid() != uid {
        let text = format!("{} belongs to somebody else; remove it or set TMPDIR", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Ok(path)
}

/// Opens a file for locking, and makes it when it is missing.
pub(crate) fn lock_file(path: &std::path::Path) -> io::Result<fs::File> {
    fs::File::options().read(true).write(true).create(true).truncate(false).open(path)
}
