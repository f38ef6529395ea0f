//! The process that outlives us and cleans up after us; see `watchdog.sh`.

use super::{
    directory::{Base, Directory},
    error::Error,
};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

/// Run from memory: the sources need not be where the tests are.
const SCRIPT: &str = include_str!("watchdog.sh");

/// How long the shared cluster waits for its next user, in seconds: longer than any pause between two tests
/// of a run, short enough that nobody finds it running afterwards.
const LINGER_SECONDS: u32 = 20;

/// A watchdog that watches.
#[derive(Debug)]
pub(super) struct Watchdog {
    child: Child,
}

impl Watchdog {
    /// Watches until we end or call [`Watchdog::release`].
    pub(super) fn private(directory: &Directory) -> Result<Self, Error> {
        let mut command = script("private", directory);
        command.stdin(Stdio::piped());
        Self::start(command)
    }

    /// Watches until the lease has been free for a while, whoever holds it.
    pub(super) fn shared(directory: &Directory, base: &Base) -> Result<Self, Error> {
        let mut command = script("shared", directory);
        command.arg(base.path()).arg(LINGER_SECONDS.to_string()).stdin(Stdio::null());
        Self::start(command)
    }

    fn start(mut command: Command) -> Result<Self, Error> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        if line.trim() == "watching" { Ok(Self { child }) } else { Err(Error::Watchdog(line)) }
    }

    /// Lets a private watchdog stop the server and remove the files, and waits until it has.
    pub(super) fn release(&mut self) {
        drop(self.child.stdin.take());
        _ = self.child.wait();
    }
}

/// The script for one cluster, in a process group of its own.
fn script(mode: &str, directory: &Directory) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "watchdog.sh", mode]).arg(directory.path());
    command.current_dir("/").process_group(0);
    command
}
