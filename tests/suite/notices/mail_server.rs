//! A real mail server for tests: aiosmtpd of Debian, in a process of its own.

use serde_json::Value;
use std::{path::PathBuf, process::Stdio, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// The user and the password that the server knows.
pub(super) const USER: &str = "kirjasto";
pub(super) const PASSWORD: &str = "salainen sana 9";

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How the server protects its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    StartTls,
    Tls,
}

pub(super) struct MailServer {
    pub(super) port: u16,
    pub(super) folder: TempDir,
    _process: Child,
}

impl MailServer {
    /// A server on a free port, with a certificate for localhost that only its own authority has signed.
    pub(super) async fn start(protection: Protection) -> Self {
        let folder = TempDir::new().unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("server.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join("server.key"), made.signing_key.serialize_pem()).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/mail_server.py");
        let mut process = Command::new("/usr/bin/python3")
            .arg(script)
            .arg(folder.path())
            .arg(if protection == Protection::Tls { "tls" } else { "starttls" })
            .args([USER, PASSWORD])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python3 of Debian; `cargo xtask test` installs what is missing");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let line = timeout(START_LIMIT, lines.next_line()).await.expect("the mail server starts").unwrap();
        let port = line.expect("python3-aiosmtpd is installed; `cargo xtask test` does it").parse().unwrap();
        Self { port, folder, _process: process }
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The mails that it has taken.
    pub(super) fn mails(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("mails.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
