//! `cargo xtask ci`: what must pass before a change lands.

use crate::{
    lint,
    problem::{Outcome, Problem},
    run::{Project, is_ci, output, step},
    smoke,
};
use std::time::Instant;

/// Runs everything, the cheap things first.
pub(crate) fn run(project: &Project) -> Outcome {
    let start = Instant::now();
    lint::run(project)?;
    smoke::run(project)?;
    // The very command of the README, so that it is known to work as it stands there.
    step("tests", &mut project.cargo(&["xtask", "test"]))?;
    let minutes = start.elapsed().as_secs() / 60;
    eprintln!("\n=== everything passed in {minutes} min");
    clean_after(project)
}

/// A check that changed a tracked file has checked something else than what was committed.
fn clean_after(project: &Project) -> Outcome {
    let changed = output(project.command("git").args(["status", "--porcelain"]))?;
    if changed.is_empty() || !is_ci() {
        return Ok(());
    }
    Err(Problem::new(format!("the checks changed files that are tracked or not ignored:\n{changed}")))
}
