//! The checkout that the suite was built from.

use std::{fs, path::PathBuf, process::Command};

/// The folder with the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// A file that git tracks.
pub(crate) struct Tracked {
    /// Its path from the root, with forward slashes.
    pub(crate) path: String,
    /// Whether git marks it executable.
    pub(crate) executable: bool,
    /// What is in it; `None` when it is not text.
    pub(crate) text: Option<String>,
}

/// Every tracked file that is there. One that is being removed is passed over.
pub(crate) fn tracked() -> Vec<Tracked> {
    let output = Command::new("git").args(["ls-files", "--stage"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "the suite needs a git checkout");
    let files: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().filter_map(read).collect();
    assert!(files.len() > 50, "git lists next to nothing: {} files", files.len());
    files
}

/// Reads the file of one line, which is `<mode> <hash> <stage>\t<path>`.
fn read(line: &str) -> Option<Tracked> {
    let (columns, path) = line.split_once('\t')?;
    let bytes = fs::read(root().join(path)).ok()?;
    let executable = columns.starts_with("100755");
    Some(Tracked { path: path.to_owned(), executable, text: String::from_utf8(bytes).ok() })
}
