//! What the server tells its operator: logs, metrics and, where configured, traces.
//!
//! None of it holds anything of a person. Logs go to standard error, so that a command's own answer on
//! standard output stays clean.

pub mod logs;
pub mod metrics;
pub mod panics;
pub mod traces;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, TelemetryConfig};

/// Why telemetry cannot start. Each names the key of the configuration.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryFault {
    /// `log.level` is no filter.
    #[error("log.level: {0}")]
    Level(tracing_subscriber::filter::ParseError),
    /// Something else writes the log of this process already.
    #[error("log: something else writes the log of this process already")]
    LogTaken,
    /// `metrics.addr` cannot be used.
    #[error("metrics.addr: {0}")]
    Metrics(String),
    /// `telemetry.otlp_endpoint` cannot be used.
    #[error("telemetry.otlp_endpoint: {0}")]
    Traces(String),
}

/// Keeps telemetry running; dropping it sends the traces that are still waiting.
#[derive(Debug)]
#[must_use = "traces that wait are sent when this is dropped"]
pub struct Telemetry {
    traces: Option<traces::Traces>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces {
            traces.flush();
        }
    }
}

/// Starts logs, the panic hook and, where configured, traces. Once in a process, inside a Tokio runtime.
///
/// # Errors
/// [`TelemetryFault`] names the key that cannot be used.
pub fn start(log: &LogConfig, telemetry: &TelemetryConfig) -> Result<Telemetry, TelemetryFault> {
    let traces = telemetry.otlp_endpoint.as_deref().map(traces::Traces::connect).transpose()?;
    tracing_subscriber::registry()
        .with(logs::filter(&log.level)?)
        .with(traces.as_ref().map(traces::Traces::layer))
        .with(logs::layer(log.format, std::io::stderr))
        .try_init()
        .map_err(|_| TelemetryFault::LogTaken)?;
    panics::install_hook();
    Ok(Telemetry { traces })
}
