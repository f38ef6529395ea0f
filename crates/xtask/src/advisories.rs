//! Known vulnerabilities of the dependencies, by the RustSec database and without a network.
//!
//! The database is fetched by nobody here: it is given by `KORTISTO_ADVISORY_DB`, or lies packed in
//! `../shared/data/` beside the checkout.

use crate::{
    problem::{Outcome, Problem},
    run::{Project, is_on_path, note, output, step},
    tools::install_packages,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Where `deny.toml` looks. The folder below has the name that cargo-deny makes of the database's address.
const UNPACKED: &str = "target/advisory-db";
const CLONE: &str = "advisory-db-3157b0e258782691";

/// From this age on a clean result says little.
const AGE_MAX_DAYS: u32 = 90;

/// Checks against the database that is at hand, or says loudly that there is none.
pub(crate) fn check(project: &Project) -> Outcome {
    let Some(database) = find(project)? else {
        note(
            "vulnerabilities of dependencies are NOT checked: set KORTISTO_ADVISORY_DB to a copy of the \
             RustSec advisory database",
        );
        return Ok(());
    };
    warn_when_old(project, &database)?;
    unpack(project, &database)?;
    step("advisories", &mut project.cargo(&["deny", "--offline", "--workspace", "check", "advisories"]))
}

fn find(project: &Project) -> Outcome<Option<PathBuf>> {
    if let Some(given) = env::var_os("KORTISTO_ADVISORY_DB") {
        let path = PathBuf::from(given);
        if path.exists() {
            return Ok(Some(path));
        }
        return Err(Problem::new(format!("KORTISTO_ADVISORY_DB names {}: there is none", path.display())));
    }
    let beside = fs::read_dir(project.root().join("../shared/data")).into_iter().flatten().flatten();
    let packed = beside.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("advisory-db-") && name.ends_with(".tar.zst")
    });
    // Their names end with their dates.
    Ok(packed.max())
}

/// cargo-deny reads a git clone, so the copy becomes one.
fn unpack(project: &Project, database: &Path) -> Outcome {
    let unpacked = project.root().join(UNPACKED);
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)?;
    }
    let clone = unpacked.join(CLONE);
    fs::create_dir_all(&clone)?;
    if database.is_dir() {
        step("database", project.command("cp").arg("-R").arg(database.join(".")).arg(&clone))?;
    } else {
        if !is_on_path("zstd") {
            install_packages(project, &["zstd"], "zstd, which unpacks the advisory database,")?;
        }
        let mut tar = project.command("tar");
        step(
            "database",
            tar.args(["--use-compress-program=zstd", "-xf"]).arg(database).arg("-C").arg(&clone),
        )?;
    }
    if clone.join(".git").exists() {
        return Ok(());
    }
    let git = |arguments: &[&str]| {
        let mut command = project.command("git");
        command.current_dir(&clone).args(["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"]);
        step("database", command.args(arguments))
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message=RustSec advisory database"])
}

/// A packed copy has its date in its name, as `advisory-db-2026-01-31.tar.zst`.
fn warn_when_old(project: &Project, database: &Path) -> Outcome {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    let Some(date) = name.strip_prefix("advisory-db-").and_then(|rest| rest.strip_suffix(".tar.zst")) else {
        return Ok(());
    };
    let limit = format!("{AGE_MAX_DAYS} days ago");
    let oldest = output(project.command("date").args(["--utc", "--date", &limit, "+%F"]))?;
    if date < oldest.trim() {
        note(&format!("the advisory database is of {date}: what was found later is NOT checked"));
    }
    Ok(())
}
