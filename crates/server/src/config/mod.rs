//! The configuration: one TOML file, overridden by the environment.
//!
//! `KORTISTO__LIMITS__RPC_IN_FLIGHT_MAX=256` sets `limits.rpc_in_flight_max`. A key that does not exist
//! is an error, in the file as in the environment: a misspelt limit must not go unnoticed. Every key,
//! its unit, its bounds and its default stand in `deploy/kortisto.example.toml` too, which a test loads.

mod database;
mod notices;
mod sections;
mod validate;

use std::path::Path;

use config::{Environment, File, FileFormat};
pub use database::DatabaseUrl;
pub use notices::{EmailConfig, LettersConfig, NoticesConfig, WebhookConfig};
pub use sections::{
    AuditConfig, ConsortiumConfig, DatabaseConfig, DrainConfig, JobsConfig, KeysConfig, LimitsConfig,
    ListenConfig, LogConfig, LogFormat, MetricsConfig, OpenIdConfig, StaffConfig, TelemetryConfig, TlsConfig,
};
use serde::Deserialize;
pub use validate::InvalidKey;

/// Everything that an operator may set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where devices connect.
    pub listen: ListenConfig,
    /// Where the register is kept.
    pub database: DatabaseConfig,
    /// Who the server is and whom it lets in.
    pub tls: TlsConfig,
    /// Where the secret keys are.
    pub keys: KeysConfig,
    /// Whose register it is.
    pub consortium: ConsortiumConfig,
    /// What is logged and how.
    pub log: LogConfig,
    /// The Prometheus exporter.
    pub metrics: MetricsConfig,
    /// Traces.
    pub telemetry: TelemetryConfig,
    /// How much may happen at once.
    pub limits: LimitsConfig,
    /// How the server stops.
    pub drain: DrainConfig,
    /// Work that time sets off.
    pub jobs: JobsConfig,
    /// How staff may sign in.
    pub staff: StaffConfig,
    /// How notices leave the house.
    pub notices: NoticesConfig,
    /// Where signed heads of the audit trail go.
    pub audit: AuditConfig,
    /// Whether gRPC reflection is served, by which anybody with a certificate can list the rpcs.
    /// Default false.
    pub reflection: bool,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigFault {
    /// The file or a variable cannot be read, or a key does not exist or is of another type.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(#[from] config::ConfigError),
    /// Keys whose values cannot be used, each with what would be right.
    #[error("the configuration cannot be used:{}", list(.0))]
    Invalid(Vec<InvalidKey>),
}

fn list(keys: &[InvalidKey]) -> String {
    keys.iter().map(|key| format!("\n  {key}")).collect()
}

impl Config {
    /// Reads a file and then the environment, and checks the result. Without a file the defaults and
    /// the environment are all there is.
    ///
    /// # Errors
    /// [`ConfigFault`] names every key that cannot be used and what would be right.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigFault> {
        let mut builder = config::Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        Self::finish(builder.add_source(environment()))
    }

    /// Reads a text instead of a file, and these variables instead of the process's own.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_text(text: &str, variables: &[(&str, &str)]) -> Result<Self, ConfigFault> {
        let variables = variables.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        Self::finish(
            config::Config::builder()
                .add_source(File::from_str(text, FileFormat::Toml))
                .add_source(environment().source(Some(variables))),
        )
    }

    fn finish(builder: config::ConfigBuilder<config::builder::DefaultState>) -> Result<Self, ConfigFault> {
        let config: Self = builder.build()?.try_deserialize()?;
        let invalid = validate::check(&config);
        if invalid.is_empty() { Ok(config) } else { Err(ConfigFault::Invalid(invalid)) }
    }
}

fn environment() -> Environment {
    Environment::with_prefix("KORTISTO")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("consortium.languages")
}

#[cfg(test)]
mod tests;
