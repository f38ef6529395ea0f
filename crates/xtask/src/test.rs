//! `cargo xtask test`: every test of the project.

use crate::{
    problem::Outcome,
    run::{Project, is_ci, locked, step},
    tools::{CARGO_NEXTEST, ensure_buf, ensure_mail_server, ensure_postgres},
};

/// Installs what the tests need and runs them; with filters, only those tests.
pub(crate) fn run(project: &Project, filters: &[String]) -> Outcome {
    ensure_postgres(project)?;
    ensure_mail_server(project)?;
    CARGO_NEXTEST.ensure(project)?;
    if filters.is_empty() {
        contract(project)?;
        let mut examples = project.cargo(&["test", "--doc", "--workspace", "--all-features"]);
        step("examples of the documentation", examples.args(locked()))?;
    }
    // Last, so that its summary is what stays on the screen.
    let profile = if is_ci() { "ci" } else { "default" };
    let mut suite = project.cargo(&["nextest", "run", "--all-features", "--profile", profile]);
    suite.args(locked());
    if filters.iter().all(|filter| !filter.starts_with("-p") && !filter.starts_with("--package")) {
        suite.arg("--workspace");
    }
    step("tests", suite.args(filters))
}

/// Style and comments of the contract.
pub(crate) fn contract(project: &Project) -> Outcome {
    let buf = ensure_buf(project)?;
    step("contract", &mut buf.command(project, &["lint"]))?;
    step("format of the contract", &mut buf.command(project, &["format", "--diff", "--exit-code"]))
}
