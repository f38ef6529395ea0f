//! This test binary run once more, as a process that can be killed or whose every word can be read.
//!
//! The parent starts its own executable with the name of one test and a role in the environment; without
//! the role that test does nothing. A child ends with its parent: its standard input closes.

use super::{killed, secrets};
use std::{io::Read as _, path::Path, process::Stdio};
use tokio::process::{Child, ChildStdin, Command};

/// Environment variable that gives the child its role. Unset in every other run.
const ROLE: &str = "KORTISTO_TEST_ROLE";

/// Environment variable with the folder that the child works in.
const FOLDER: &str = "KORTISTO_TEST_FOLDER";

/// The name under which the test below is run.
const PLAY_ROLE: &str = "faults::child::play_role";

/// What a child can be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A server that is killed: [`killed::serve`].
    Server,
    /// A scenario with known secrets: [`secrets::play`].
    Secrets,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Secrets => "secrets",
        }
    }
}

/// A child that runs.
pub(super) struct Process {
    pub(super) child: Child,
    /// Waiting for a child closes its standard input, so that is kept apart.
    _lifeline: Option<ChildStdin>,
}

/// Starts a child. Its output goes to `output.txt` in the folder. It is killed when the handle is dropped.
pub(super) fn start(role: Role, folder: &Path) -> Process {
    let output = std::fs::File::options().create(true).append(true).open(folder.join("output.txt")).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([PLAY_ROLE, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role.word())
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Process { _lifeline: child.stdin.take(), child }
}

#[test]
fn play_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = std::env::var_os(FOLDER).unwrap();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = Path::new(&folder);
    if role == Role::Server.word() {
        runtime.block_on(killed::serve(folder));
    } else {
        runtime.block_on(secrets::play(folder));
    }
}
