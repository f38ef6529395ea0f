//! Under whose name PostgreSQL runs: it refuses to be root.

use super::error::Error;
use std::{
    io,
    os::unix::{fs::chown, process::CommandExt as _},
    path::Path,
    process::Command,
};

/// The account that Debian's packages make for the server.
const SERVER_USER: &str = "postgres";

/// Who runs the server and owns its files.
#[derive(Clone, Copy, Debug)]
pub(super) enum Account {
    /// Ourselves, when we are not root.
    Own,
    /// Another user, when we are.
    Other {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl Account {
    /// Picks the account that fits who we are.
    pub(super) fn choose() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        Ok(Self::Other { uid: id_of(SERVER_USER, "-u")?, gid: id_of(SERVER_USER, "-g")? })
    }

    /// A command that runs under this account, away from our process group: a Ctrl-C or a time-out of a
    /// test is not for the server.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.process_group(0);
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Hands a path over to the account.
    pub(super) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }
}

/// Asks the system for an id of a user, through whatever directory service it has.
fn id_of(user: &str, which: &str) -> Result<u32, Error> {
    let output = Command::new("id").args([which, user]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| Error::AccountMissing)
}
