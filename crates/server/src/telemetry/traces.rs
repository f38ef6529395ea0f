//! Traces for a collector that speaks OTLP, only where one is configured.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use super::TelemetryFault;

/// Time for the last traces at the end of the process, in seconds.
const FLUSH_SECONDS_MAX: u64 = 2;

/// Sends spans to a collector in batches; a collector that is gone loses traces and nothing else.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Prepares the way to a collector. It is not reached yet.
    ///
    /// # Errors
    /// [`TelemetryFault::Traces`] when the endpoint is no URL.
    pub fn connect(endpoint: &str) -> Result<Self, TelemetryFault> {
        let exporter = SpanExporter::builder()
            .with_tonic()
            .with_endpoint(endpoint)
            .build()
            .map_err(|error| TelemetryFault::Traces(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(Resource::builder().with_service_name("kortisto").build())
            .build();
        Ok(Self { provider })
    }

    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, Tracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("kortisto"))
    }

    pub(super) fn flush(&self) {
        // Nobody is left who could be told that the last traces were lost.
        let _ = self.provider.shutdown_with_timeout(Duration::from_secs(FLUSH_SECONDS_MAX));
    }
}
