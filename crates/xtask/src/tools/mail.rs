//! The mail server that the tests send notices to.

use super::apt;
use crate::{problem::Outcome, run::Project};
use std::process::Stdio;

/// The Python of Debian and Ubuntu, which sees their packages. The suite calls the same.
const PYTHON: &str = "/usr/bin/python3";

/// Finds aiosmtpd, or installs the distribution's.
pub(crate) fn ensure(project: &Project) -> Outcome {
    let mut probe = project.command(PYTHON);
    probe.args(["-c", "import aiosmtpd"]).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    apt::install(project, &["python3-aiosmtpd"], "the mail server of the tests")
}
