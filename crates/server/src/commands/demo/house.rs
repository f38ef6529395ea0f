//! The folder of the demo: what an operator sets up once.

use super::super::Failure;
use crate::ca::{Authority, AuthorityFault};
use chrono::TimeDelta;
use kortisto_register::{Clock as _, SystemClock};
use kortisto_vault::{Keys, SystemRandom};
use secrecy::ExposeSecret as _;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// How long the server's certificate of the demo holds.
const SERVER_CERTIFICATE_LIFE: TimeDelta = TimeDelta::days(365);

/// A furnished folder.
pub(super) struct House {
    pub(super) folder: PathBuf,
    pub(super) config_path: PathBuf,
    pub(super) authority_path: PathBuf,
    pub(super) port: u16,
}

impl House {
    /// Makes what is missing. Nothing that is there is overwritten but the configuration, which holds
    /// only the port and the paths.
    pub(super) fn furnish(folder: &Path, port: u16) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", folder.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let folder = folder.canonicalize().map_err(failed)?;
        let keys = folder.join("keys.toml");
        if !keys.exists() {
            Keys::create(&keys, &SystemRandom).map_err(|fault| Failure::of("keys", &fault))?;
        }
        let authority = authority(&folder).map_err(|fault| Failure::of("authority", &fault))?;
        let server_key = folder.join("server.key");
        if !server_key.exists() {
            let names = ["localhost", "127.0.0.1"].map(str::to_owned);
            let issued = authority
                .issue_server_certificate(&names, SystemClock.now(), SERVER_CERTIFICATE_LIFE)
                .map_err(|fault| Failure::of("certificates", &fault))?;
            write_secret(&folder.join("server.pem"), &issued.certificate_pem).map_err(failed)?;
            write_secret(&server_key, issued.key_pem.expose_secret()).map_err(failed)?;
        }
        let config_path = folder.join("kortisto.toml");
        fs::write(&config_path, config(&folder, port)).map_err(failed)?;
        let authority_path = folder.join("authority.pem");
        Ok(Self { folder, config_path, authority_path, port })
    }

    /// Where the key and certificate of a device go.
    pub(super) fn device_paths(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.folder.join(format!("{name}.pem")), self.folder.join(format!("{name}.key")))
    }
}

fn authority(folder: &Path) -> Result<Authority, AuthorityFault> {
    let read = |name: &str| fs::read_to_string(folder.join(name));
    if let (Ok(certificate), Ok(key)) = (read("authority.pem"), read("authority.key")) {
        return Authority::load(&certificate, &key);
    }
    let authority = Authority::create(SystemClock.now(), "Esimerkkikirjastot")?;
    authority.store(folder)?;
    Ok(authority)
}

/// Writes a file that only its owner may read.
pub(super) fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn config(folder: &Path, port: u16) -> String {
    let path = |name: &str| folder.join(name).display().to_string();
    format!(
        "# Written by `kortisto demo`. Every key is described in deploy/kortisto.example.toml.\n\
         reflection = true\n\n\
         [listen]\naddr = \"127.0.0.1:{port}\"\nenrolment_addr = \"127.0.0.1:{}\"\n\n\
         [database]\nurl = \"sqlite://{}\"\n\n\
         [tls]\ncertificate = {:?}\nkey = {:?}\ndevice_authority = {:?}\nissuing_authority_key = {:?}\n\n\
         [keys]\nfile = {:?}\n\n\
         [consortium]\nname = \"Esimerkkikirjastot\"\n\n\
         [log]\nlevel = \"warn\"\n\n\
         [metrics]\nenabled = false\n",
        port.saturating_add(1),
        path("register.db"),
        path("server.pem"),
        path("server.key"),
        path("authority.pem"),
        path("authority.key"),
        path("keys.toml"),
    )
}
