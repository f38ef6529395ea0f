//! Tools that come as crates. Building one takes some minutes, once per machine.

use crate::{
    problem::Outcome,
    run::{Project, note, step, succeeds},
};

/// Runs every test in a process of its own.
pub(crate) const CARGO_NEXTEST: CargoTool = CargoTool { crate_name: "cargo-nextest", subcommand: "nextest" };

/// Checks the tree of dependencies.
pub(crate) const CARGO_DENY: CargoTool = CargoTool { crate_name: "cargo-deny", subcommand: "deny" };

/// A subcommand of cargo that is installed by cargo.
pub(crate) struct CargoTool {
    crate_name: &'static str,
    subcommand: &'static str,
}

impl CargoTool {
    /// Finds it, or builds and installs it with the versions that its authors tested.
    pub(crate) fn ensure(&self, project: &Project) -> Outcome {
        if succeeds(&mut project.cargo(&[self.subcommand, "--version"])) {
            return Ok(());
        }
        note(&format!("{} is missing: building it takes some minutes, once", self.crate_name));
        step(self.crate_name, &mut project.cargo(&["install", "--locked", self.crate_name]))
    }
}
