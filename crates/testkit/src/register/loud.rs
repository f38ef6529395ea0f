//! Everything that a process can say about itself, said.

use tracing_subscriber::fmt::format::FmtSpan;

/// Writes every span and event of this process to its standard output, at the finest level and from every library,
/// and collects its metrics; the function that it gives shows them. Once in a process.
///
/// # Panics
/// When the log or the metrics of the process are taken already.
pub fn tell_everything() -> impl Fn() -> String {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .init();
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .expect("the metrics of the process are free");
    move || metrics.render()
}
