//! Finds the programs of PostgreSQL.

use super::error::Error;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Where Debian and Ubuntu keep every major version apart.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// The folder with `initdb`, `postgres` and `dropdb`.
#[derive(Clone, Debug)]
pub(super) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The newest version in Debian's place, else what is on `PATH`.
    pub(super) fn find() -> Result<Self, Error> {
        let mut candidates = versions_newest_first(Path::new(DEBIAN_ROOT));
        candidates.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let folder = candidates.into_iter().find(|folder| is_complete(folder));
        folder.map(|folder| Self { folder }).ok_or(Error::BinariesMissing)
    }

    /// The path of one program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The `bin` folders below `root`, the highest version number first.
fn versions_newest_first(root: &Path) -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// Whether a folder has all that we call. A machine with the client only has some of it.
fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres", "dropdb"].iter().all(|name| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::{Binaries, is_complete, versions_newest_first};
    use std::fs;

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let root = tempfile::tempdir().unwrap();
        for version in ["9", "15", "100", "readme"] {
            fs::create_dir_all(root.path().join(version).join("bin")).unwrap();
        }
        let found = versions_newest_first(root.path());
        assert_eq!(found, ["100", "15", "9"].map(|version| root.path().join(version).join("bin")));
    }

    #[test]
    fn a_missing_folder_and_a_client_alone_are_passed_over() {
        let root = tempfile::tempdir().unwrap();
        assert!(versions_newest_first(&root.path().join("nothing")).is_empty());
        fs::write(root.path().join("dropdb"), "").unwrap();
        assert!(!is_complete(root.path()));
    }

    #[test]
    fn this_machine_has_them() {
        assert!(Binaries::find().unwrap().program("postgres").is_file());
    }
}
