//! A database of one test.

use super::cluster::url_at;
use std::{
    net::SocketAddr,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

/// A database that is removed when this is dropped, with whatever is still connected to it.
#[derive(Debug)]
pub struct Database {
    name: String,
    server: SocketAddr,
    maintenance_url: String,
    dropdb: PathBuf,
}

impl Database {
    pub(super) fn new(name: String, server: SocketAddr, maintenance_url: String, dropdb: PathBuf) -> Self {
        Self { name, server, maintenance_url, dropdb }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        url_at(self.server, &self.name)
    }

    /// Its address by way of a proxy that listens at `proxy`.
    #[must_use]
    pub fn url_through(&self, proxy: SocketAddr) -> String {
        url_at(proxy, &self.name)
    }
}

impl Drop for Database {
    /// Leaves the work to a process of its own: the test need not wait, and it is done even when the test
    /// process ends now. A cluster that is down takes its databases along anyway.
    fn drop(&mut self) {
        let mut command = Command::new(&self.dropdb);
        command.args(["--if-exists", "--force", "--maintenance-db", &self.maintenance_url, &self.name]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        if let Ok(mut child) = command.spawn() {
            thread::spawn(move || child.wait());
        }
    }
}
