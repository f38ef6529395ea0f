//! The Prometheus exporter, on a port of its own that only this machine reaches.

use ::metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use super::TelemetryFault;
use crate::config::MetricsConfig;

/// Upper bounds of the buckets of times, in seconds: the goals of the register lie at 15 and 50 ms.
const SECONDS_BUCKETS: [f64; 14] =
    [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Starts the exporter. Once in a process, inside a Tokio runtime.
///
/// # Errors
/// [`TelemetryFault::Metrics`] when the address is not loopback and that is not allowed, is in use, or
/// metrics are collected by something else already.
pub fn start(config: &MetricsConfig) -> Result<(), TelemetryFault> {
    if !config.enabled {
        return Ok(());
    }
    check_address(config)?;
    let fault = |error: metrics_exporter_prometheus::BuildError| TelemetryFault::Metrics(error.to_string());
    let (recorder, exporter) = PrometheusBuilder::new()
        .with_http_listener(config.addr)
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS_BUCKETS)
        .map_err(fault)?
        .build()
        .map_err(fault)?;
    ::metrics::set_global_recorder(recorder).map_err(|error| TelemetryFault::Metrics(error.to_string()))?;
    describe();
    tokio::spawn(async move {
        if exporter.await.is_err() {
            tracing::error!("the exporter of metrics has ended");
        }
    });
    Ok(())
}

/// Metrics name rpcs, branches' load and faults; nobody but the operator's collector needs them.
pub(crate) fn check_address(config: &MetricsConfig) -> Result<(), TelemetryFault> {
    if config.addr.ip().is_loopback() || config.allow_other_machines {
        return Ok(());
    }
    Err(TelemetryFault::Metrics(format!(
        "{} is reached from other machines; use 127.0.0.1, or set metrics.allow_other_machines = true",
        config.addr
    )))
}

fn describe() {
    describe_histogram!("kortisto_rpc_duration_seconds", "Time from the request to the end of the answer");
    describe_counter!("kortisto_rpc_total", "Calls by service, method and final code");
    describe_counter!("kortisto_rpc_shed_total", "Calls refused because too many were under way");
    describe_counter!("kortisto_rpc_panics_total", "Panics in handlers; anything but 0 is a fault to report");
    describe_counter!("kortisto_panics_total", "Panics anywhere; anything but 0 is a fault to report");
    describe_gauge!("kortisto_connections_open", "Open connections by endpoint");
    describe_counter!("kortisto_connections_total", "Connections that finished their handshake");
    describe_counter!("kortisto_connections_refused_total", "Connections refused, by endpoint and why");
    describe_counter!("kortisto_accept_errors_total", "Errors of the listening socket");
    describe_counter!("kortisto_tls_reloads_total", "Times that new TLS files were taken");
    describe_counter!("kortisto_tls_reload_failures_total", "Looks at the TLS files that found a bad one");
    describe_gauge!("kortisto_tls_files_bad", "1 while a TLS file is bad and the last good one in use");
    describe_gauge!("kortisto_tls_certificate_seconds_left", "Time until the server's certificate ends");
    describe_gauge!("kortisto_tls_crl_seconds_left", "Time until the first revocation list ends");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_others_reach_needs_a_second_word() {
        for (addr, allowed, fine) in [
            ("127.0.0.1:9464", false, true),
            ("[::1]:9464", false, true),
            ("0.0.0.0:9464", false, false),
            ("10.0.0.5:9464", false, false),
            ("10.0.0.5:9464", true, true),
        ] {
            let config =
                MetricsConfig { enabled: true, addr: addr.parse().unwrap(), allow_other_machines: allowed };
            assert_eq!(check_address(&config).is_ok(), fine, "{addr}");
        }
    }
}
