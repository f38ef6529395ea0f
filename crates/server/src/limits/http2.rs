//! The limits of HTTP/2 and of messages. The defaults of the stack below are made for trusted peers:
//! windows of 1 MiB let ten thousand connections fill 10 GiB, and a reply may be of any size.

use std::time::Duration;

use tonic::transport::Server;

/// Longest request message, in bytes; a longer one is answered with OUT_OF_RANGE. Set it on every
/// service with `max_decoding_message_size`.
pub const RECEIVE_BYTES_MAX: usize = kortisto::REQUEST_BYTES_MAX;

/// Longest reply message, in bytes. Set it on every service with `max_encoding_message_size`.
pub const SEND_BYTES_MAX: usize = kortisto::REPLY_BYTES_MAX;

/// The settings of HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http2 {
    /// Bytes that a peer may have on its way in one connection.
    pub connection_window_bytes: u32,
    /// Bytes that a peer may have on its way in one call.
    pub stream_window_bytes: u32,
    /// Calls at once on one connection.
    pub streams_max: u32,
    /// Bytes of the headers of a call.
    pub header_list_bytes_max: u32,
    /// Idle time before the server asks whether the peer is still there. Devices must not ask
    /// themselves: other servers punish clients that ping often.
    pub keepalive_interval: Duration,
    /// Time for the answer.
    pub keepalive_timeout: Duration,
    /// Streams reset by the peer before they were accepted, until the connection is closed
    /// (RUSTSEC-2023-0034, rapid reset).
    pub pending_reset_streams_max: usize,
    /// Streams reset by the server for errors of the peer, until the connection is closed
    /// (RUSTSEC-2024-0003).
    pub error_reset_streams_max: usize,
}

/// What the server uses.
pub const HTTP2: Http2 = Http2 {
    connection_window_bytes: 128 * 1024,
    stream_window_bytes: 64 * 1024,
    streams_max: 128,
    header_list_bytes_max: 8 * 1024,
    keepalive_interval: Duration::from_secs(30),
    keepalive_timeout: Duration::from_secs(10),
    pending_reset_streams_max: 20,
    error_reset_streams_max: 256,
};

/// Age at which a connection of the enrolment endpoint is asked to end, in seconds. One call is all
/// that anybody needs there, and its callers have no certificate.
pub const ENROLMENT_CONNECTION_SECONDS: u64 = 30;

/// Time after which it is closed, in seconds.
pub const ENROLMENT_GRACE_SECONDS: u64 = 10;

/// Applies [`HTTP2`] to a server. tonic's own timeout stays off: it would answer CANCELLED.
#[must_use]
pub fn tune<L>(server: Server<L>) -> Server<L> {
    server
        .accept_http1(false)
        .initial_connection_window_size(HTTP2.connection_window_bytes)
        .initial_stream_window_size(HTTP2.stream_window_bytes)
        .max_concurrent_streams(HTTP2.streams_max)
        .http2_max_header_list_size(HTTP2.header_list_bytes_max)
        .http2_keepalive_interval(Some(HTTP2.keepalive_interval))
        .http2_keepalive_timeout(Some(HTTP2.keepalive_timeout))
        .http2_max_pending_accept_reset_streams(Some(HTTP2.pending_reset_streams_max))
        .http2_max_local_error_reset_streams(Some(HTTP2.error_reset_streams_max))
}

/// Applies [`HTTP2`] and closes connections that stay: for the enrolment endpoint. With a grace tonic
/// sends no GOAWAY and cuts at age plus grace, which does no harm where a connection serves one call.
#[must_use]
pub fn tune_enrolment<L>(server: Server<L>) -> Server<L> {
    tune(server)
        .max_connection_age(Duration::from_secs(ENROLMENT_CONNECTION_SECONDS))
        .max_connection_age_grace(Duration::from_secs(ENROLMENT_GRACE_SECONDS))
}
