//! The edge of the server from outside, on loopback sockets: TLS, the accept loop, the layers, the stop.
//! The service under test is gRPC health, so that nothing of the register is needed.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod accept;
mod authority;
mod kit;
mod limits;
mod reload;
mod stop;
mod tls;
