//! The server that the test kit starts clusters of.

use super::apt;
use crate::{
    problem::{Outcome, Problem},
    run::{Project, is_on_path},
};
use std::{fs, path::Path};

/// Where Debian and Ubuntu keep every major version apart. The test kit looks in the same places.
const DEBIAN_ROOT: &str = "/usr/lib/postgresql";

/// Programs that the test kit calls.
const PROGRAMS: [&str; 3] = ["initdb", "postgres", "dropdb"];

/// Finds a PostgreSQL server, or installs the distribution's.
pub(crate) fn ensure(project: &Project) -> Outcome {
    if is_installed() {
        return Ok(());
    }
    apt::install(project, &["postgresql"], "the PostgreSQL server")?;
    if is_installed() { Ok(()) } else { Err(Problem::new("PostgreSQL was installed but cannot be found")) }
}

fn is_installed() -> bool {
    let complete = |bin: &Path| PROGRAMS.iter().all(|program| bin.join(program).is_file());
    let versions = fs::read_dir(DEBIAN_ROOT).into_iter().flatten().flatten();
    let packaged = versions.map(|version| version.path().join("bin")).any(|bin| complete(&bin));
    packaged || PROGRAMS.iter().all(|program| is_on_path(program))
}
