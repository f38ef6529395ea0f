//! How many calls may be under way in the whole server. tonic's limit counts per connection, which
//! limits nobody who opens another one.

use std::sync::Arc;
use std::task::{Context, Poll};

use metrics::counter;
use tokio::sync::Semaphore;
use tonic::Status;
use tower::{Layer, Service};

use super::{Answer, Answering, Call};
use crate::status::Fault;

/// Health is answered also under load: a load balancer must not take a busy server for a dead one.
const HEALTH_PATH: &str = "/grpc.health.v1.Health/";

/// Answers RESOURCE_EXHAUSTED at once when too many calls are under way.
#[derive(Debug, Clone)]
pub struct InFlightLayer {
    permits: Arc<Semaphore>,
}

impl InFlightLayer {
    /// At most `max` calls at once, over all services made by this layer and its clones.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(max)) }
    }
}

impl<S> Layer<S> for InFlightLayer {
    type Service = InFlight<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InFlight { inner, permits: Arc::clone(&self.permits) }
    }
}

/// See [`InFlightLayer`].
#[derive(Debug, Clone)]
pub struct InFlight<S> {
    inner: S,
    permits: Arc<Semaphore>,
}

impl<S> Service<Call> for InFlight<S>
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
        if call.uri().path().starts_with(HEALTH_PATH) {
            return Box::pin(self.inner.call(call));
        }
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            counter!("kortisto_rpc_shed_total").increment(1);
            let answer = Status::from(Fault::Overloaded { retry_after: None }).into_http();
            return Box::pin(std::future::ready(Ok(answer)));
        };
        let answering = self.inner.call(call);
        // Until the answer begins: a stream that stays open for hours is no load.
        Box::pin(async move {
            let answer = answering.await;
            drop(permit);
            answer
        })
    }
}
