//! One span and one measurement for each call. Only names, codes, times and ids are recorded, never
//! anything of a request or a reply. What is recorded is recorded in `Drop`, since code after an await
//! does not run when a client gives up.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body::{Frame, SizeHint};
use metrics::{SharedString, counter, histogram};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceState};
use prost::Message;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{Answer, Answering, Call};
use crate::identity::PeerIdentity;

/// Where new trace ids come from: 16 random bytes at each call.
pub type TraceIds = Arc<dyn Fn() -> [u8; 16] + Send + Sync>;

/// The label of rpcs that do not exist, so that nobody can fill the memory with new labels.
const UNKNOWN: &str = "unknown";

/// The services that are not of the contract.
const OTHER_SERVICES: [(&str, &[&str]); 2] = [
    ("grpc.health.v1.Health", &["Check", "List", "Watch"]),
    ("grpc.reflection.v1.ServerReflection", &["ServerReflectionInfo"]),
];

/// The id under which the log and the traces tell about a call: an extension of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceId(pub String);

impl TraceId {
    /// The id of a request; empty when the layer has not seen it.
    #[must_use]
    pub fn of(extensions: &http::Extensions) -> String {
        extensions.get::<Self>().map(|id| id.0.clone()).unwrap_or_default()
    }
}

/// Opens the span of a call and measures it.
#[derive(Clone)]
pub struct TraceLayer {
    rpcs: Arc<HashMap<String, Rpc>>,
    ids: TraceIds,
}

impl std::fmt::Debug for TraceLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TraceLayer").finish_non_exhaustive()
    }
}

impl TraceLayer {
    /// New trace ids come from `ids`, where the caller sends none.
    #[must_use]
    pub fn new(ids: TraceIds) -> Self {
        Self { rpcs: Arc::new(every_rpc()), ids }
    }
}

/// An rpc by its two names.
#[derive(Clone)]
struct Rpc {
    service: Arc<str>,
    method: Arc<str>,
}

impl Rpc {
    fn new(service: &str, method: &str) -> Self {
        Self { service: service.into(), method: method.into() }
    }
}

/// Every rpc that the server may serve, by its path.
fn every_rpc() -> HashMap<String, Rpc> {
    let set = prost_types::FileDescriptorSet::decode(kortisto::FILE_DESCRIPTOR_SET)
        .expect("the build script made the descriptor set");
    let mut rpcs = HashMap::new();
    let mut add = |service: &str, method: &str| {
        rpcs.insert(format!("/{service}/{method}"), Rpc::new(service, method));
    };
    for (service, methods) in OTHER_SERVICES {
        methods.iter().for_each(|method| add(service, method));
    }
    for file in &set.file {
        for service in &file.service {
            let full_name = format!("{}.{}", file.package(), service.name());
            service.method.iter().for_each(|method| add(&full_name, method.name()));
        }
    }
    rpcs
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Trace { inner, layer: self.clone() }
    }
}

/// See [`TraceLayer`].
#[derive(Debug, Clone)]
pub struct Trace<S> {
    inner: S,
    layer: TraceLayer,
}

impl<S> Service<Call> for Trace<S>
where
    S: Service<Call, Response = Answer>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = S::Error;
    type Future = Answering<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let rpc = self.layer.rpcs.get(call.uri().path()).cloned();
        let rpc = rpc.unwrap_or_else(|| Rpc::new(UNKNOWN, UNKNOWN));
        let span = tracing::info_span!(
            "rpc",
            otel.kind = "server",
            rpc.service = &*rpc.service,
            rpc.method = &*rpc.method,
            trace_id = field::Empty,
            device_id = field::Empty,
            code = field::Empty,
        );
        let parent = call.headers().get("traceparent").and_then(|value| parse(value.as_bytes()));
        let id = trace_id(&span, parent, &self.layer.ids);
        span.record("trace_id", &id);
        let mut measured = Measured {
            rpc,
            begun: Instant::now(),
            peer: call.extensions().get::<PeerIdentity>().cloned(),
            code: None,
            span: span.clone(),
        };
        call.extensions_mut().insert(TraceId(id));
        let answering = self.inner.call(call).instrument(span);
        Box::pin(async move {
            let answer = answering.await?;
            measured.code = code_of(answer.headers());
            Ok(answer.map(|body| Body::new(Observed { body, measured })))
        })
    }
}

/// The trace id of the caller or a new one. With OpenTelemetry the span has one already.
fn trace_id(span: &Span, parent: Option<SpanContext>, ids: &TraceIds) -> String {
    if let Some(parent) = parent {
        let id = parent.trace_id().to_string();
        // It fails only where nothing is exported; the log has the id all the same.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
        return id;
    }
    let own = span.context().span().span_context().trace_id();
    if own == opentelemetry::TraceId::INVALID { hex::encode(ids()) } else { own.to_string() }
}

/// The header `traceparent` (W3C Trace Context, section 3.2). None when malformed.
fn parse(value: &[u8]) -> Option<SpanContext> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let well_formed = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2);
    if !well_formed || version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let context = SpanContext::new(
        opentelemetry::TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

fn code_of(headers: &http::HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()))
}

/// A call that is being measured, until it is dropped.
struct Measured {
    rpc: Rpc,
    begun: Instant,
    peer: Option<PeerIdentity>,
    code: Option<Code>,
    span: Span,
}

impl Drop for Measured {
    fn drop(&mut self) {
        // Dropped without a code: the client gave up, or its connection is gone.
        let code = self.code.unwrap_or(Code::Cancelled);
        let name = name(code);
        self.span.record("code", name);
        if let Some(device) = self.peer.as_ref().and_then(|peer| peer.device.get()) {
            self.span.record("device_id", device.device_id);
        }
        let elapsed = self.begun.elapsed();
        let labels = [
            ("service", SharedString::from(Arc::clone(&self.rpc.service))),
            ("method", SharedString::from(Arc::clone(&self.rpc.method))),
            ("code", SharedString::const_str(name)),
        ];
        histogram!("kortisto_rpc_duration_seconds", &labels).record(elapsed.as_secs_f64());
        counter!("kortisto_rpc_total", &labels).increment(1);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        match code {
            Code::Internal | Code::Unknown | Code::DataLoss => {
                tracing::warn!(parent: &self.span, micros, "rpc failed");
            }
            Code::Ok => tracing::debug!(parent: &self.span, micros, "rpc answered"),
            _ => tracing::info!(parent: &self.span, micros, "rpc not answered"),
        }
    }
}

/// The code as gRPC writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// A body that looks at its trailers, where the code of a call that answered stands.
struct Observed {
    body: Body,
    measured: Measured,
}

impl http_body::Body for Observed {
    type Data = <Body as http_body::Body>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.measured.code = self.measured.code.or_else(|| code_of(trailers));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (value, valid) in [
            (format!("00-{trace}-00f067aa0ba902b7-01"), true),
            (format!("01-{trace}-00f067aa0ba902b7-01-later"), true),
            (format!("00-{trace}-00f067aa0ba902b7-01-later"), false),
            (format!("ff-{trace}-00f067aa0ba902b7-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{trace}-0000000000000000-01"), false),
            ("00-abc\n-1-01".to_owned(), false),
            (String::new(), false),
        ] {
            let parsed = parse(value.as_bytes());
            assert_eq!(parsed.is_some(), valid, "{value:?}");
            if let Some(parsed) = parsed {
                assert_eq!(parsed.trace_id().to_string(), trace);
            }
        }
    }

    /// What is counted when a call to a path is polled once and then dropped.
    fn counted(path: &str, answer: impl Future<Output = Result<Answer, ()>> + Send + 'static) -> String {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            let mut answer = Some(answer);
            let inner = tower::service_fn(move |_: Call| answer.take().expect("one call"));
            let mut traced = TraceLayer::new(Arc::new(|| [0; 16])).layer(inner);
            let call = http::Request::builder().uri(path).body(Body::empty()).unwrap();
            let mut answering = traced.call(call);
            let _ = futures_util::FutureExt::now_or_never(&mut answering);
        });
        handle.render()
    }

    #[test]
    fn a_call_that_was_given_up_is_counted_as_cancelled() {
        let path = "/kortisto.device.v1.AccessService/CheckAccess";
        let text = counted(path, std::future::pending());
        let labels =
            r#"{service="kortisto.device.v1.AccessService",method="CheckAccess",code="CANCELLED"} 1"#;
        assert!(text.contains(&format!("kortisto_rpc_total{labels}")), "{text}");
    }

    #[test]
    fn a_fault_is_counted_by_its_code_and_an_unknown_rpc_under_one_name() {
        let status = Status::from(crate::status::Fault::RpcUnknown);
        let text = counted("/made.up/Name", async move { Ok(status.into_http()) });
        assert!(text.contains(r#"{service="unknown",method="unknown",code="UNIMPLEMENTED"} 1"#), "{text}");
        assert!(!text.contains("made.up"), "{text}");
    }

    #[test]
    fn every_rpc_of_the_contract_has_a_label_of_its_own() {
        let rpcs = every_rpc();
        assert!(rpcs.contains_key("/kortisto.device.v1.AccessService/CheckAccess"));
        assert!(rpcs.contains_key("/grpc.health.v1.Health/Check"));
    }
}
