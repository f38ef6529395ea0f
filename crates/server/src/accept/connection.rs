//! A connection after its handshake.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use metrics::{counter, gauge};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use super::AcceptLimits;
use crate::identity::Identify;
use crate::shutdown::{Phase, Stop};

/// Length of the HTTP/2 connection preface, in bytes (RFC 9113 section 3.4).
const PREFACE_BYTES: usize = 24;

/// A TLS connection that knows its peer, counts against the connection limit until it is closed, must
/// send the HTTP/2 preface in time, and ends when the server's drain limit has passed.
pub struct Connection<I> {
    io: TlsStream<TcpStream>,
    identity: I,
    preface: Option<Preface>,
    cut: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    endpoint: &'static str,
    _permit: OwnedSemaphorePermit,
}

struct Preface {
    limit: Pin<Box<Sleep>>,
    bytes_left: usize,
}

impl<I> std::fmt::Debug for Connection<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl<I: Identify> Connection<I> {
    pub(super) fn new(
        io: TlsStream<TcpStream>,
        identity: I,
        permit: OwnedSemaphorePermit,
        limits: AcceptLimits,
        stop: &Stop,
    ) -> Self {
        counter!("kortisto_connections_total", "endpoint" => limits.endpoint).increment(1);
        gauge!("kortisto_connections_open", "endpoint" => limits.endpoint).increment(1.0);
        Self {
            io,
            identity,
            preface: Some(Preface {
                limit: Box::pin(tokio::time::sleep(limits.preface)),
                bytes_left: PREFACE_BYTES,
            }),
            cut: Some(Box::pin(stop.reached(Phase::Cut))),
            endpoint: limits.endpoint,
            _permit: permit,
        }
    }

    fn check_alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        // Once it is ready it is taken, since a future that has ended must not be polled again.
        let cut = self.cut.as_mut().is_none_or(|cut| cut.as_mut().poll(cx).is_ready());
        if cut {
            self.cut = None;
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the server has stopped"));
        }
        let silent = self.preface.as_mut().is_some_and(|preface| preface.limit.as_mut().poll(cx).is_ready());
        if silent {
            counter!("kortisto_connections_refused_total", "endpoint" => self.endpoint, "why" => "silent")
                .increment(1);
            return Err(io::Error::new(io::ErrorKind::TimedOut, "no HTTP/2 preface in time"));
        }
        Ok(())
    }
}

impl<I> Drop for Connection<I> {
    fn drop(&mut self) {
        gauge!("kortisto_connections_open", "endpoint" => self.endpoint).decrement(1.0);
    }
}

impl<I: Identify> Connected for Connection<I> {
    type ConnectInfo = I;

    fn connect_info(&self) -> I {
        self.identity.clone()
    }
}

impl<I: Identify> AsyncRead for Connection<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_alive(cx)?;
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        let bytes = buf.filled().len() - before;
        if let Some(preface) = &mut self.preface {
            preface.bytes_left = preface.bytes_left.saturating_sub(bytes);
            if preface.bytes_left == 0 {
                self.preface = None;
            }
        }
        read
    }
}

impl<I: Identify> AsyncWrite for Connection<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
