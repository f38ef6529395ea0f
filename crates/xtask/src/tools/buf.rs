//! buf, the checker of the contract, pinned in `package.json`.

use super::apt;
use crate::{
    problem::Outcome,
    run::{Project, is_on_path, output, step},
};
use std::{fs, path::PathBuf, process::Command};

/// The program of the version that `package.json` asks for.
pub(crate) struct Buf {
    program: PathBuf,
}

impl Buf {
    /// A call of it from the root of the project.
    pub(crate) fn command(&self, project: &Project, arguments: &[&str]) -> Command {
        let mut command = project.command(&self.program);
        command.args(arguments);
        command
    }
}

/// Finds buf, or installs it below `node_modules` with npm, and npm with apt.
pub(crate) fn ensure(project: &Project) -> Outcome<Buf> {
    let program = project.root().join("node_modules/.bin/buf");
    let wanted = fs::read_to_string(project.root().join("package.json"))?;
    let installed = output(project.command(&program).arg("--version")).unwrap_or_default();
    if installed.trim().is_empty() || !wanted.contains(&format!("\"{}\"", installed.trim())) {
        if !is_on_path("npm") {
            apt::install(project, &["nodejs", "npm"], "npm, which brings buf,")?;
        }
        // The package holds the program; its install script would only look for it.
        step("buf", project.command("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    }
    Ok(Buf { program })
}
