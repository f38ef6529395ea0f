//! A panic in a handler is answered with INTERNAL. Without this the client would see CANCELLED and an
//! "h2 protocol error", and would not know that it should report a fault.

use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use metrics::counter;
use tonic::Status;
use tower::Service;

use super::{Answer, Answering, Call, TraceId};
use crate::status::Fault;

/// Answers INTERNAL for a panic, without its text. The panic hook logs where it happened.
#[derive(Debug, Clone)]
pub struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    /// Around a service.
    pub const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Call> for CatchPanic<S>
where
    S: Service<Call, Response = Answer>,
    S::Error: Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = S::Error;
    type Future = Answering<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let trace_id = TraceId::of(call.extensions());
        // Nothing that a panicking call leaves behind is used again: its service is a clone of its own.
        let answering = std::panic::catch_unwind(AssertUnwindSafe(|| self.inner.call(call)));
        Box::pin(async move {
            let answer = match answering {
                Ok(answering) => AssertUnwindSafe(answering).catch_unwind().await,
                Err(panic) => Err(panic),
            };
            answer.unwrap_or_else(|_| {
                counter!("kortisto_rpc_panics_total").increment(1);
                Ok(Status::from(Fault::InternalFault { trace_id }).into_http())
            })
        })
    }
}
