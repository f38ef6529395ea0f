//! Calls other programs, from the root of the project and in sight of the person at the terminal.

use crate::problem::{Outcome, Problem};
use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// What `cargo run` tells us about our own package. Build scripts that look at it would build everything
/// anew under a task, and again without.
const OWN_PACKAGE_VARIABLES: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// The checkout that the task works on.
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds it from our own place in it.
    pub(crate) fn find() -> Outcome<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = package.as_deref().and_then(Path::parent).and_then(Path::parent);
        let root = root.ok_or_else(|| Problem::new("call it as `cargo xtask`"))?;
        Ok(Self { root: root.to_owned() })
    }

    /// The folder with the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A program, to be run from the root.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            if OWN_PACKAGE_VARIABLES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Cargo, as we were called by.
    pub(crate) fn cargo(&self, subcommand: &[&str]) -> Command {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(subcommand);
        command
    }
}

/// Whether we run unattended.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty())
}

/// Under CI a lock file that is out of date is a fault of the change, not something to mend on the way.
pub(crate) fn locked() -> &'static [&'static str] {
    if is_ci() { &["--locked"] } else { &[] }
}

/// Shows a heading, runs the command with its output in sight, and says how long it took.
pub(crate) fn step(name: &str, command: &mut Command) -> Outcome {
    eprintln!("\n=== {name}: {}", shown(command));
    let start = Instant::now();
    let status = command.status().map_err(|error| cannot_run(command, &error))?;
    if status.success() {
        eprintln!("=== {name}: done in {:.1} s", start.elapsed().as_secs_f32());
        return Ok(());
    }
    eprintln!("=== {name}: FAILED");
    Err(Problem::new(format!("{name} failed ({status}): {}", shown(command))))
}

/// Runs the command out of sight and gives what it printed.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| cannot_run(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    Err(Problem::new(format!("{} failed: {}", shown(command), text.trim())))
}

/// Whether the command runs and ends well. Nothing of it is seen.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// Whether a program of this name is on `PATH`.
pub(crate) fn is_on_path(program: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// A note that nobody should overlook.
pub(crate) fn note(text: &str) {
    eprintln!("\n!!! {text}");
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot run {}: {error}", command.get_program().to_string_lossy()))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{output, shown, step, succeeds};
    use std::process::Command;

    #[test]
    fn a_failure_names_the_command() {
        let problem = step("nothing", Command::new("sh").args(["-c", "exit 3"])).unwrap_err().to_string();
        assert!(problem.contains("nothing failed") && problem.contains("sh -c exit 3"), "{problem}");
        let problem = step("nowhere", &mut Command::new("/nowhere/at-all")).unwrap_err().to_string();
        assert!(problem.contains("cannot run /nowhere/at-all"), "{problem}");
        let problem = output(Command::new("sh").args(["-c", "echo why >&2; false"])).unwrap_err().to_string();
        assert!(problem.ends_with("failed: why"), "{problem}");
    }

    #[test]
    fn tells_success_from_failure() {
        assert!(succeeds(&mut Command::new("true")));
        assert!(!succeeds(&mut Command::new("false")));
        assert!(!succeeds(&mut Command::new("/nowhere/at-all")));
        assert_eq!(shown(Command::new("a").args(["b", "c"])), "a b c");
    }
}
