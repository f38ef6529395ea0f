//! What a client is answered at the limits.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt;

use crate::kit::{Server, Settings, check};

/// Calls any path with any message.
async fn call<M>(channel: Channel, path: &'static str, request: Request<M>) -> Result<(), Status>
where
    M: prost::Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<M, HealthCheckResponse>::default();
    grpc.unary(request, PathAndQuery::from_static(path), codec).await.map(|_| ())
}

fn empty() -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest::default())
}

fn with_timeout(limit: Duration) -> Request<HealthCheckRequest> {
    let mut request = empty();
    request.set_timeout(limit);
    request
}

fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("{status:?} has no ErrorInfo"));
    assert_eq!(info.domain, "kortisto");
    info.reason.clone()
}

#[tokio::test]
async fn a_deadline_is_answered_with_deadline_exceeded() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    // Not shorter: tonic's client has a timer of its own, which a slow machine would let win.
    for millis in [300, 900] {
        let begun = Instant::now();
        let limit = Duration::from_millis(millis);
        let status = call(channel.clone(), "/test/Sleep", with_timeout(limit)).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{millis} ms: {status:?}");
        assert_eq!(reason(&status), "DEADLINE_PASSED");
        assert!(begun.elapsed() < limit + Duration::from_millis(500), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn the_server_caps_the_deadline_and_tells_it_to_the_call() {
    let settings = Settings { deadline_max: Duration::from_millis(300), ..Settings::default() };
    let server = Server::start(settings).await;
    let channel = server.channel(&server.pki.device()).await;
    for request in [empty(), with_timeout(Duration::from_secs(3600))] {
        let begun = tokio::time::Instant::now();
        let status = call(channel.clone(), "/test/Sleep", request).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert!(begun.elapsed() < Duration::from_secs(2));
        let deadline = server.seen.lock().unwrap().last().unwrap().deadline.expect("a deadline");
        assert!(deadline.0 - begun <= Duration::from_millis(320));
    }
}

#[tokio::test]
async fn a_panic_is_answered_with_internal_and_concerns_nobody_else() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    for path in ["/test/Panic", "/test/PanicAtOnce"] {
        let status = call(channel.clone(), path, empty()).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{path}");
        assert_eq!(reason(&status), "INTERNAL_FAULT");
        assert_eq!(status.get_error_details().error_info().unwrap().metadata["traceId"], "07".repeat(16));
        assert!(!format!("{status:?}").contains("secret"));
        check(channel.clone(), "").await.expect("the same connection goes on");
    }
}

#[tokio::test]
async fn one_call_too_many_is_told_to_come_back_and_health_is_answered_all_the_same() {
    let settings = Settings { in_flight_max: 2, ..Settings::default() };
    let server = Server::start(settings).await;
    let device = server.pki.device();
    // Over two connections: the limit is the server's, not a connection's.
    let (one, other) = (server.channel(&device).await, server.channel(&device).await);
    let sleeping = [one.clone(), other.clone()]
        .map(|channel| tokio::spawn(call(channel, "/test/Sleep", with_timeout(Duration::from_millis(800)))));
    while server.seen.lock().unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = call(other.clone(), "/test/Sleep", empty()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    assert!(status.get_error_details().retry_info().is_some());
    check(one, "").await.expect("health");
    for sleeping in sleeping {
        assert_eq!(sleeping.await.unwrap().unwrap_err().code(), Code::DeadlineExceeded);
    }
    let status = call(other, "/test/Nothing", empty()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented, "there is room again");
}

#[tokio::test]
async fn a_call_that_its_client_gave_up_makes_room() {
    let settings = Settings { in_flight_max: 1, ..Settings::default() };
    let server = Server::start(settings).await;
    let channel = server.channel(&server.pki.device()).await;
    let given_up = call(channel.clone(), "/test/Sleep", empty());
    timeout(Duration::from_millis(100), given_up).await.expect_err("still sleeping");
    for _ in 0..100 {
        let status = call(channel.clone(), "/test/Nothing", empty()).await.unwrap_err();
        if status.code() == Code::Unimplemented {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the call that was given up holds its place");
}

#[tokio::test]
async fn an_unknown_rpc_is_unimplemented_with_its_reason() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    for path in ["/kortisto.device.v9.Nothing/Call", "/grpc.health.v1.Health/Nothing"] {
        let status = call(channel.clone(), path, empty()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert_eq!(reason(&status), "RPC_UNKNOWN");
    }
}

#[tokio::test]
async fn a_request_that_is_too_long_is_out_of_range() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    let status = check(channel.clone(), &"x".repeat(kortisto::REQUEST_BYTES_MAX)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    assert_eq!(reason(&status), "REQUEST_TOO_LARGE");
    // The longest that fits is decoded; health just knows no such service.
    let longest = "x".repeat(kortisto::REQUEST_BYTES_MAX - 4);
    assert_eq!(check(channel, &longest).await.unwrap_err().code(), Code::NotFound);
}

/// A request whose field 1 is bytes: no UTF-8 where health wants a string.
#[derive(Clone, PartialEq, prost::Message)]
struct Malformed {
    #[prost(bytes = "vec", tag = "1")]
    service: Vec<u8>,
}

#[tokio::test]
async fn a_request_that_cannot_be_decoded_names_its_field() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    let request = Request::new(Malformed { service: vec![0xff, 0xfe] });
    let status = call(channel, "/grpc.health.v1.Health/Check", request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reason(&status), "FIELD_INVALID");
    assert_eq!(status.get_error_details().error_info().unwrap().metadata["field"], "service");
}

#[tokio::test]
async fn the_trace_id_is_the_callers_or_a_new_one() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (header, expected) in [
        (Some(format!("00-{trace}-00f067aa0ba902b7-01")), trace.to_owned()),
        (Some("00-not-a-trace".to_owned()), "07".repeat(16)),
        (None, "07".repeat(16)),
    ] {
        let mut request = empty();
        if let Some(header) = header {
            request.metadata_mut().insert("traceparent", header.parse().unwrap());
        }
        call(channel.clone(), "/grpc.health.v1.Health/Check", request).await.unwrap();
        assert_eq!(server.seen.lock().unwrap().last().unwrap().trace_id, expected);
    }
}

#[tokio::test]
async fn headers_that_are_too_long_are_refused_and_the_connection_goes_on() {
    let server = Server::start(Settings::default()).await;
    let channel = server.channel(&server.pki.device()).await;
    let mut request = empty();
    request.metadata_mut().insert("x-long", "x".repeat(9 * 1024).parse().unwrap());
    call(channel.clone(), "/grpc.health.v1.Health/Check", request).await.unwrap_err();
    assert!(server.seen.lock().unwrap().is_empty(), "it has not reached the service");
    check(channel, "").await.unwrap();
}
