//! The sections of the configuration, with their defaults.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;

use super::DatabaseUrl;
use crate::{openid::OpenIdOptions, tls::TlsFiles};

/// `[listen]`: where devices connect.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenConfig {
    /// The endpoint of devices that have a certificate. Default 0.0.0.0:7443.
    pub addr: SocketAddr,
    /// The endpoint where a device gets its first certificate. Default 0.0.0.0:7444.
    pub enrolment_addr: SocketAddr,
    /// Open connections of devices, 1 to 65 536. Each takes a file descriptor. Default 4096.
    pub connection_max: usize,
}

impl Default for ListenConfig {
    fn default() -> Self {
        Self {
            addr: (Ipv4Addr::UNSPECIFIED, 7443).into(),
            enrolment_addr: (Ipv4Addr::UNSPECIFIED, 7444).into(),
            connection_max: 4096,
        }
    }
}

/// `[database]`: where the register is kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite:///path/to/file` (one server) or `postgres://user:password@host/database`.
    /// Default `sqlite:///var/lib/kortisto/register.db`.
    pub url: DatabaseUrl,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: DatabaseUrl::new("sqlite:///var/lib/kortisto/register.db") }
    }
}

/// `[tls]`: who the server is and whom it lets in. All files are PEM and are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The server's certificate, followed by its intermediates. Default `/etc/kortisto/tls/server.pem`.
    pub certificate: PathBuf,
    /// The key of that certificate, mode 0600. Default `/etc/kortisto/tls/server.key`.
    pub key: PathBuf,
    /// The authorities whose devices are let in. Default `/etc/kortisto/tls/authority.pem`.
    pub device_authority: PathBuf,
    /// Revocation lists, one of each device authority. Default none: the device rows alone decide.
    pub crl: Option<PathBuf>,
    /// The key of the device authority, mode 0600, with which this server issues certificates to
    /// devices. Default none: certificates come from elsewhere, and enrolment says so.
    pub issuing_authority_key: Option<PathBuf>,
    /// Life of a certificate that this server issues, in hours, 1 to 9600. Default 168, a week.
    pub device_certificate_hours: u32,
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificate: "/etc/kortisto/tls/server.pem".into(),
            key: "/etc/kortisto/tls/server.key".into(),
            device_authority: "/etc/kortisto/tls/authority.pem".into(),
            crl: None,
            issuing_authority_key: None,
            device_certificate_hours: 168,
        }
    }
}

impl TlsConfig {
    /// The files that the endpoints are served with.
    #[must_use]
    pub fn files(&self) -> TlsFiles {
        TlsFiles {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            device_authority: self.device_authority.clone(),
            crl: self.crl.clone(),
        }
    }
}

/// `[keys]`: where the secret keys of the vault are. Never in this file, never in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// The key file, mode 0600. Default none: the systemd credential is used.
    pub file: Option<PathBuf>,
    /// The name of the systemd credential (`LoadCredentialEncrypted=`). Default `kortisto-keys`.
    pub credential: String,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self { file: None, credential: "kortisto-keys".into() }
    }
}

impl KeysConfig {
    /// The file to read: `file`, or else the credential in the folder that systemd names in
    /// `CREDENTIALS_DIRECTORY`. None when there is neither.
    #[must_use]
    pub fn path(&self, credentials_directory: Option<&Path>) -> Option<PathBuf> {
        self.file.clone().or_else(|| credentials_directory.map(|folder| folder.join(&self.credential)))
    }
}

/// `[consortium]`: whose register it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsortiumConfig {
    /// Its name, 1 to 100 characters. It stands in device certificates. Default "Kortisto".
    pub name: String,
    /// The time zone of opening hours and of days (IANA name). Default Europe/Helsinki.
    pub time_zone: Tz,
    /// Languages of the texts, of fi, sv and en; the first is used where nothing says which.
    /// Default fi, sv, en.
    pub languages: Vec<String>,
}

impl Default for ConsortiumConfig {
    fn default() -> Self {
        Self {
            name: "Kortisto".into(),
            time_zone: chrono_tz::Europe::Helsinki,
            languages: ["fi", "sv", "en"].map(Into::into).into(),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`: what is logged and how. The log goes to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `text` or `json`. Default text.
    pub format: LogFormat,
    /// error, warn, info, debug or trace, or directives such as `info,kortisto_server=debug`.
    /// Default info.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".into() }
    }
}

/// `[metrics]`: the Prometheus exporter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Whether there is one. Default true.
    pub enabled: bool,
    /// Where; a loopback address unless `allow_other_machines`. Default 127.0.0.1:9464.
    pub addr: SocketAddr,
    /// Whether other machines may reach it. It has neither TLS nor passwords. Default false.
    pub allow_other_machines: bool,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        Self { enabled: true, addr: (Ipv4Addr::LOCALHOST, 9464).into(), allow_other_machines: false }
    }
}

/// `[telemetry]`: traces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// The OTLP endpoint (gRPC) of a collector on a trusted network, `http://host:port`. Default none:
    /// nothing is exported.
    pub otlp_endpoint: Option<String>,
}

/// `[limits]`: how much may happen at once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Calls under way in the whole server, 1 to 65 536. One more is answered RESOURCE_EXHAUSTED.
    /// Default 1024.
    pub rpc_in_flight_max: usize,
    /// Longest deadline of a call, in milliseconds, 100 to 60 000. Default 5000.
    pub deadline_ms: u64,
    /// Connections that write circulation on PostgreSQL, 1 to 4; SQLite always has one. Default 1.
    pub circulation_lanes: usize,
    /// Connections that write door checks on PostgreSQL, 1 to 4. Default 1.
    pub door_lanes: usize,
    /// Operations that may wait for a lane, 1 to 65 536. One more is answered RESOURCE_EXHAUSTED.
    /// Default 512.
    pub lane_queue_max: usize,
    /// Threads that verify PINs, 0 to 256; each takes 19 MiB. Default 0: one less than the cores, and
    /// at least one.
    pub hash_threads: usize,
    /// PINs that may wait to be verified, for each thread, 1 to 1024. Default 32, half a second of work.
    pub hash_queue_max: usize,
    /// Least time of an answer that refuses card and PIN, in milliseconds, 0 to 2000: unknown card,
    /// wrong PIN and locked card take the same time. Default 250.
    pub failure_floor_ms: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            rpc_in_flight_max: 1024,
            deadline_ms: 5000,
            circulation_lanes: 1,
            door_lanes: 1,
            lane_queue_max: 512,
            hash_threads: 0,
            hash_queue_max: 32,
            failure_floor_ms: 250,
        }
    }
}

impl LimitsConfig {
    /// The longest deadline.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }

    /// The least time of an answer that refuses card and PIN.
    #[must_use]
    pub const fn failure_floor(&self) -> Duration {
        Duration::from_millis(self.failure_floor_ms)
    }

    /// The threads that verify PINs on a machine with this many cores.
    #[must_use]
    pub fn hash_threads(&self, cores: usize) -> usize {
        if self.hash_threads == 0 { cores.saturating_sub(1).max(1) } else { self.hash_threads }
    }
}

/// `[drain]`: how the server stops.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DrainConfig {
    /// Time for which a stopping server says NOT_SERVING and still takes calls, in milliseconds, 0 to
    /// 30 000. Default 1000.
    pub lame_duck_ms: u64,
    /// Time for calls under way, in milliseconds, 0 to 60 000; then connections are closed.
    /// Default 10 000.
    pub limit_ms: u64,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self { lame_duck_ms: 1000, limit_ms: 10_000 }
    }
}

impl DrainConfig {
    /// The limits of the stop.
    #[must_use]
    pub const fn limits(&self) -> crate::shutdown::DrainLimits {
        crate::shutdown::DrainLimits {
            lame_duck: Duration::from_millis(self.lame_duck_ms),
            drain: Duration::from_millis(self.limit_ms),
        }
    }
}

/// `[staff]`: how staff may sign in, besides user name and password.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StaffConfig {
    /// The consortium's identity provider.
    pub openid: OpenIdConfig,
}

/// `[staff.openid]`: the consortium's identity provider. All three keys, or none: then there is no provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenIdConfig {
    /// What the claim `iss` of a token is. Default none.
    pub issuer: Option<String>,
    /// What the claim `aud` of a token is or holds. Default none.
    pub audience: Option<String>,
    /// The provider's public keys, a JWK set; read again when it changes. Default none.
    pub keys_file: Option<PathBuf>,
}

impl OpenIdConfig {
    /// The provider, if there is one.
    #[must_use]
    pub fn options(&self) -> Option<OpenIdOptions> {
        Some(OpenIdOptions {
            issuer: self.issuer.clone()?,
            audience: self.audience.clone()?,
            keys_file: self.keys_file.clone()?,
        })
    }

    /// Whether some keys are set and others are not.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        let set = [self.issuer.is_some(), self.audience.is_some(), self.keys_file.is_some()];
        !matches!(set, [true, true, true] | [false, false, false])
    }
}

/// `[audit]`: the chain over the audit trail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// A file to which each signed head is appended, for a log shipper to take to another machine. Default none: heads
    /// are in the database only.
    pub heads_file: Option<PathBuf>,
}

/// Work that time sets off.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobsConfig {
    /// Whether the server runs jobs by itself; of several servers, each job is run by one at a time. Without it, run
    /// `kortisto jobs due` from a timer. Default true.
    pub in_server: bool,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { in_server: true }
    }
}
