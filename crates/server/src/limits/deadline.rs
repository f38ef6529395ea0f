//! The deadline of a call: what the client asks for, at most the server's longest.
//!
//! tonic answers a deadline with CANCELLED, by which a client cannot tell that the outcome is unknown.
//! This layer answers DEADLINE_EXCEEDED a little earlier, and tells the call its deadline.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;
use tower::{Layer, Service};

use super::{Answer, Answering, Call};
use crate::status::Fault;

/// Share of the time that is kept for the answer to reach the client: one part in this many.
const MARGIN_PART: u32 = 10;

/// Least time kept for the answer, in milliseconds. tonic's timer starts a moment after this layer's.
const MARGIN_MILLIS_MIN: u64 = 5;

/// Most time kept for the answer, in milliseconds.
const MARGIN_MILLIS_MAX: u64 = 50;

/// When the caller stops waiting: an extension of every request. Work that would end later had better
/// not begin, and a wait for a connection or a lock ends by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(pub Instant);

/// Gives every call a deadline.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLayer {
    max: Duration,
}

impl DeadlineLayer {
    /// Deadlines of at most `max`, also for a client that asks for none.
    #[must_use]
    pub const fn new(max: Duration) -> Self {
        Self { max }
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DeadlineService { inner, max: self.max }
    }
}

/// See [`DeadlineLayer`].
#[derive(Debug, Clone)]
pub struct DeadlineService<S> {
    inner: S,
    max: Duration,
}

impl<S> Service<Call> for DeadlineService<S>
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
        let asked = call.headers().get("grpc-timeout").and_then(|value| parse(value.as_bytes()));
        let allowed = asked.unwrap_or(self.max).min(self.max);
        let deadline = Instant::now() + allowed.saturating_sub(margin(allowed));
        call.extensions_mut().insert(Deadline(deadline));
        let answering = self.inner.call(call);
        Box::pin(async move {
            match tokio::time::timeout_at(deadline, answering).await {
                Ok(answer) => answer,
                Err(_) => Ok(Status::from(Fault::DeadlinePassed).into_http()),
            }
        })
    }
}

fn margin(allowed: Duration) -> Duration {
    (allowed / MARGIN_PART)
        .clamp(Duration::from_millis(MARGIN_MILLIS_MIN), Duration::from_millis(MARGIN_MILLIS_MAX))
}

/// The header `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2). None when malformed.
fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(count * 3600),
        b'M' => Duration::from_secs(count * 60),
        b'S' => Duration::from_secs(count),
        b'm' => Duration::from_millis(count),
        b'u' => Duration::from_micros(count),
        b'n' => Duration::from_nanos(count),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_read_as_the_protocol_says() {
        for (value, expected) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("99999999m", Some(Duration::from_millis(99_999_999))),
            ("5u", Some(Duration::from_micros(5))),
            ("0n", Some(Duration::ZERO)),
            ("", None),
            ("S", None),
            ("100000000S", None),
            ("-1S", None),
            ("1 S", None),
            ("1s", None),
            ("\u{e4}S", None),
        ] {
            assert_eq!(parse(value.as_bytes()), expected, "{value:?}");
        }
    }

    #[test]
    fn the_margin_is_small_and_never_nothing() {
        assert_eq!(margin(Duration::from_secs(5)), Duration::from_millis(50));
        assert_eq!(margin(Duration::from_millis(200)), Duration::from_millis(20));
        assert_eq!(margin(Duration::ZERO), Duration::from_millis(5));
    }
}
