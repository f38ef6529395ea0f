//! Errors that tonic makes by itself get the code and the details that the contract promises.
//!
//! tonic answers an unknown rpc, a request that is too long, and one that it cannot decode with a bare
//! status. Our own statuses always carry details and pass unchanged.

use std::task::{Context, Poll};

use tonic::{Code, Status};
use tower::Service;

use super::{Answer, Answering, Call, TraceId};
use crate::status::Fault;

/// How tonic's and prost's texts begin when a request cannot be decoded. They are read only to choose
/// the fault and never passed on.
const UNDECODABLE: [&str; 3] = ["failed to decode Protobuf message", "protocol error", "Missing request"];

/// How tonic's text begins when a request is compressed.
const COMPRESSED: &str = "Content is compressed";

/// Completes the errors of a service.
#[derive(Debug, Clone)]
pub struct Complete<S> {
    inner: S,
}

impl<S> Complete<S> {
    /// Around a service.
    pub const fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Call> for Complete<S>
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

    fn call(&mut self, call: Call) -> Self::Future {
        let trace_id = TraceId::of(call.extensions());
        let answering = self.inner.call(call);
        Box::pin(async move { answering.await.map(|answer| complete(answer, trace_id)) })
    }
}

fn complete(answer: Answer, trace_id: String) -> Answer {
    if !answer.headers().contains_key("grpc-status") {
        return answer;
    }
    match Status::from_header_map(answer.headers()).and_then(|status| fault_of(&status, trace_id)) {
        Some(fault) => Status::from(fault).into_http(),
        None => answer,
    }
}

/// The fault behind a status of tonic's; none when the status stays as it is.
fn fault_of(status: &Status, trace_id: String) -> Option<Fault> {
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::Unimplemented if status.message().starts_with(COMPRESSED) => {
            Some(Fault::field("grpc-encoding", "identity; this register reads no compressed requests"))
        }
        Code::Unimplemented => Some(Fault::RpcUnknown),
        Code::OutOfRange => Some(Fault::RequestTooLarge),
        Code::Internal | Code::Unknown => {
            if UNDECODABLE.iter().any(|beginning| status.message().starts_with(beginning)) {
                let rule = "a value that the contract allows, in well-formed Protobuf";
                Some(Fault::field(undecodable_field(status.message()).unwrap_or("(message)"), rule))
            } else {
                Some(Fault::InternalFault { trace_id })
            }
        }
        // What remains is the health service's, whose codes are a standard of their own.
        _ => None,
    }
}

/// The field in a text of prost's: "...: Message.field: what is wrong".
fn undecodable_field(text: &str) -> Option<&str> {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.split(": ").find_map(|part| {
        let (message, field) = part.split_once('.')?;
        (plain(message) && plain(field)).then_some(field)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_status_gets_its_fault() {
        let bare =
            |code, text: &str| fault_of(&Status::with_details(code, text, Default::default()), "t".into());
        assert_eq!(bare(Code::Unimplemented, ""), Some(Fault::RpcUnknown));
        assert_eq!(bare(Code::OutOfRange, "Error, decoded ..."), Some(Fault::RequestTooLarge));
        assert_eq!(bare(Code::Internal, "boom"), Some(Fault::InternalFault { trace_id: "t".into() }));
        assert_eq!(bare(Code::NotFound, "unknown service"), None);
        let text = "failed to decode Protobuf message: CheckAccessRequest.pin: invalid string value";
        let Some(Fault::FieldInvalid { field, .. }) = bare(Code::Internal, text) else { panic!() };
        assert_eq!(field, "pin");
        let Some(Fault::FieldInvalid { field, .. }) = bare(Code::Internal, "Missing request message.") else {
            panic!()
        };
        assert_eq!(field, "(message)");
    }

    #[test]
    fn our_own_status_stays() {
        let own = Status::from(Fault::InternalFault { trace_id: "a".into() });
        assert_eq!(fault_of(&own, "b".into()), None);
    }
}
