//! What stands between a connection and a service, outermost first:
//!
//! | layer | what it does |
//! |---|---|
//! | [`trace`] | opens the span, counts, and records the final code, also of a call that was given up |
//! | [`complete`] | gives tonic's own errors the code and details that the contract promises |
//! | [`mod@panic`] | answers INTERNAL for a panic |
//! | [`in_flight`] | answers RESOURCE_EXHAUSTED when too many calls are under way |
//! | [`deadline`] | answers DEADLINE_EXCEEDED, just before tonic would answer CANCELLED |
//!
//! tonic's own layers count per connection and answer a deadline with CANCELLED; tower's do not fit its
//! router. [`http2`] holds the limits of the protocol.

pub mod complete;
pub mod deadline;
pub mod http2;
pub mod in_flight;
pub mod panic;
pub mod trace;

use std::time::Duration;

pub use deadline::Deadline;
pub use http2::{tune, tune_enrolment};
use tower::Layer;
pub use trace::{TraceId, TraceIds};

/// A call on its way in.
pub(crate) type Call = http::Request<tonic::body::Body>;

/// Its answer.
pub(crate) type Answer = http::Response<tonic::body::Body>;

/// The future of an answer.
pub(crate) type Answering<E> = futures_util::future::BoxFuture<'static, Result<Answer, E>>;

/// All layers, in their order: `Server::builder().layer(EdgeLayer::new(..))`.
#[derive(Clone)]
pub struct EdgeLayer {
    trace: trace::TraceLayer,
    in_flight: in_flight::InFlightLayer,
    deadline: deadline::DeadlineLayer,
}

impl std::fmt::Debug for EdgeLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EdgeLayer").finish_non_exhaustive()
    }
}

impl EdgeLayer {
    /// The layers with these limits: calls under way in the whole server, longest deadline, and where
    /// new trace ids come from. Clones share the count, so that two endpoints may share one limit.
    #[must_use]
    pub fn new(in_flight_max: usize, deadline_max: Duration, trace_ids: TraceIds) -> Self {
        Self {
            trace: trace::TraceLayer::new(trace_ids),
            in_flight: in_flight::InFlightLayer::new(in_flight_max),
            deadline: deadline::DeadlineLayer::new(deadline_max),
        }
    }
}

impl<S> Layer<S> for EdgeLayer {
    type Service = trace::Trace<
        complete::Complete<panic::CatchPanic<in_flight::InFlight<deadline::DeadlineService<S>>>>,
    >;

    fn layer(&self, inner: S) -> Self::Service {
        let inner = self.in_flight.layer(self.deadline.layer(inner));
        self.trace.layer(complete::Complete::new(panic::CatchPanic::new(inner)))
    }
}
