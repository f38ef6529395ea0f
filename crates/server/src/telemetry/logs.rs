//! The log: lines for people or JSON for machines.

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use super::TelemetryFault;
use crate::config::LogFormat;

/// The filter of `log.level`: a level, or directives such as `info,kortisto_server=debug`.
///
/// # Errors
/// [`TelemetryFault::Level`] when it is neither.
pub fn filter(level: &str) -> Result<EnvFilter, TelemetryFault> {
    EnvFilter::builder().parse(level).map_err(TelemetryFault::Level)
}

/// The layer that writes. Control characters in values are escaped by the formatter; colours appear on a
/// terminal only.
pub fn layer<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat, log: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::registry()
            .with(filter("info").unwrap())
            .with(layer(format, move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log);
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_json_line_is_one_json_object() {
        let text = written(LogFormat::Json, || tracing::info!(code = "OK", "rpc \"answered\"\nnext"));
        assert_eq!(text.lines().count(), 1);
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["code"], "OK");
        assert_eq!(line["message"], "rpc \"answered\"\nnext");
    }

    #[test]
    fn a_text_line_cannot_be_coloured_by_a_value() {
        let text = written(LogFormat::Text, || tracing::info!(peer = "\u{1b}[31mred", "hello"));
        assert!(text.contains("hello") && !text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn what_is_below_the_level_is_not_written() {
        assert_eq!(written(LogFormat::Text, || tracing::debug!("detail")), "");
        assert!(matches!(filter("loud,=="), Err(TelemetryFault::Level(_))));
    }
}
