//! Packages of Debian and Ubuntu.

use crate::{
    problem::{Outcome, Problem},
    run::{Project, is_ci, is_on_path, note, output, step},
};
use std::process::Command;

/// Installs packages, as root or by sudo. Where neither works, says what to do by hand.
pub(crate) fn install(project: &Project, packages: &[&str], purpose: &str) -> Outcome {
    let names = packages.join(" ");
    let by_hand = |why: &str| {
        Err(Problem::new(format!(
            "{purpose} is missing and {why}.\nInstall it and try again; on Debian or Ubuntu: \
             apt-get install {names}"
        )))
    };
    if !is_on_path("apt-get") {
        return by_hand("there is no apt-get here");
    }
    let is_root = output(project.command("id").arg("-u"))?.trim() == "0";
    if !is_root && !is_on_path("sudo") {
        return by_hand("we are neither root nor is there sudo");
    }
    note(&format!("{purpose} is missing: installing {names}"));
    step("package lists", apt_get(project, is_root).arg("update"))?;
    let mut command = apt_get(project, is_root);
    step("packages", command.args(["install", "--yes", "--no-install-recommends"]).args(packages))
}

fn apt_get(project: &Project, is_root: bool) -> Command {
    let mut command = project.command(if is_root { "env" } else { "sudo" });
    if !is_root {
        // Unattended, a question for a password would never be answered.
        command.args(if is_ci() { ["-n", "env"].as_slice() } else { ["env"].as_slice() });
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]);
    command
}
