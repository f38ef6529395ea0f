//! The accept loop: connections come in, finish a TLS handshake in time, and are handed to tonic.
//!
//! tonic's own loop has no connection limit, no handshake limit and no reload of certificates, and
//! ignores TCP keepalive when it is given a stream of connections; hence this one. It never ends by an
//! error: when the process is out of file descriptors it pauses and goes on.

mod connection;
mod handshakes;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use connection::Connection;
use handshakes::Handshakes;
use metrics::counter;
use rustls::ServerConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;
use tracing::{debug, info, warn};

use crate::identity::Identify;
use crate::shutdown::Stop;

/// Time for a TLS handshake, in seconds.
pub const HANDSHAKE_SECONDS_MAX: u64 = 5;

/// Time for the first bytes of HTTP/2 after the handshake, in seconds.
pub const PREFACE_SECONDS_MAX: u64 = 10;

/// Handshakes at once, over all peers. Above, the oldest one gives way.
pub const HANDSHAKES_MAX: usize = 1024;

/// Handshakes at once from one address. Above, the oldest one of that address gives way: behind one
/// address there may be a whole branch, and an honest handshake takes milliseconds.
pub const HANDSHAKES_PER_ADDRESS_MAX: usize = 64;

/// Pause after an accept error that does not concern one connection alone, in milliseconds.
const ACCEPT_PAUSE_MILLIS: u64 = 50;

/// Idle time before TCP asks whether the peer is still there, in seconds.
const TCP_KEEPALIVE_IDLE_SECONDS: u64 = 30;

/// Time between two TCP probes, in seconds.
const TCP_KEEPALIVE_INTERVAL_SECONDS: u64 = 10;

/// Unanswered TCP probes until the connection is given up.
const TCP_KEEPALIVE_PROBES: u32 = 3;

/// Finished connections that wait for tonic to take them.
const READY_MAX: usize = 64;

/// Asked at each connection for the TLS configuration in use.
pub type ConfigInUse = Arc<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// What an endpoint allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptLimits {
    /// The name of the endpoint in metrics: "device" or "enrolment".
    pub endpoint: &'static str,
    /// Open connections. One more is closed at once.
    pub connection_max: usize,
    /// Time for a handshake; [`HANDSHAKE_SECONDS_MAX`].
    pub handshake: Duration,
    /// Time for the first bytes of HTTP/2; [`PREFACE_SECONDS_MAX`].
    pub preface: Duration,
    /// [`HANDSHAKES_MAX`].
    pub handshakes_max: usize,
    /// [`HANDSHAKES_PER_ADDRESS_MAX`].
    pub handshakes_per_address_max: usize,
}

impl AcceptLimits {
    /// The usual limits with this many connections.
    #[must_use]
    pub const fn new(endpoint: &'static str, connection_max: usize) -> Self {
        Self {
            endpoint,
            connection_max,
            handshake: Duration::from_secs(HANDSHAKE_SECONDS_MAX),
            preface: Duration::from_secs(PREFACE_SECONDS_MAX),
            handshakes_max: HANDSHAKES_MAX,
            handshakes_per_address_max: HANDSHAKES_PER_ADDRESS_MAX,
        }
    }
}

/// Connections whose handshake is done, for `serve_with_incoming_shutdown`. Dropping it closes the
/// listening socket and gives up unfinished handshakes.
pub struct Incoming<I> {
    ready: mpsc::Receiver<Connection<I>>,
}

impl<I> std::fmt::Debug for Incoming<I> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Incoming")
    }
}

impl<I: Identify> Stream for Incoming<I> {
    type Item = io::Result<Connection<I>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.ready.poll_recv(cx).map(|connection| connection.map(Ok))
    }
}

/// Starts to accept on a socket that listens already. `stop` ends connections when the drain limit has
/// passed.
#[must_use]
pub fn accept<I: Identify>(
    listener: TcpListener,
    config: ConfigInUse,
    limits: AcceptLimits,
    stop: Stop,
) -> Incoming<I> {
    let (ready, incoming) = mpsc::channel(READY_MAX);
    let door = Arc::new(Door {
        config,
        permits: Arc::new(Semaphore::new(limits.connection_max)),
        handshakes: Arc::new(Handshakes::new(limits.handshakes_max, limits.handshakes_per_address_max)),
        limits,
        stop,
        ready,
    });
    tokio::spawn(run(listener, door));
    Incoming { ready: incoming }
}

struct Door<I> {
    config: ConfigInUse,
    permits: Arc<Semaphore>,
    handshakes: Arc<Handshakes>,
    limits: AcceptLimits,
    stop: Stop,
    ready: mpsc::Sender<Connection<I>>,
}

async fn run<I: Identify>(listener: TcpListener, door: Arc<Door<I>>) {
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            () = door.ready.closed() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer_addr)) => {
                failing = false;
                take(&door, stream, peer_addr);
            }
            Err(error) => {
                counter!("kortisto_accept_errors_total", "endpoint" => door.limits.endpoint).increment(1);
                if concerns_one_connection(&error) {
                    continue;
                }
                if !failing {
                    warn!(%error, endpoint = door.limits.endpoint, "cannot accept connections; trying on");
                    failing = true;
                }
                tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MILLIS)).await;
            }
        }
    }
    door.handshakes.give_up_all();
}

fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn take<I: Identify>(door: &Arc<Door<I>>, stream: TcpStream, peer_addr: SocketAddr) {
    if door.permits.available_permits() == 0 {
        refused(door.limits.endpoint, "full");
        return;
    }
    let task = {
        let door = Arc::clone(door);
        move |done| async move {
            let connection = greet(&door, stream, peer_addr).await;
            drop(done);
            if let Some(connection) = connection {
                // An error means that the server has stopped accepting.
                let _ = door.ready.send(connection).await;
            }
        }
    };
    if door.handshakes.begin(peer_addr.ip(), task) {
        refused(door.limits.endpoint, "crowded-out");
    }
}

/// The handshake of one connection; none when it fails, which concerns nobody else.
async fn greet<I: Identify>(
    door: &Door<I>,
    stream: TcpStream,
    peer_addr: SocketAddr,
) -> Option<Connection<I>> {
    let endpoint = door.limits.endpoint;
    set_options(&stream);
    let acceptor = TlsAcceptor::from((door.config)());
    let tls = match tokio::time::timeout(door.limits.handshake, acceptor.accept(stream)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => {
            // The operator wants to know of a certificate that was refused; anybody can send noise.
            if is_about_a_certificate(&error) {
                info!(%peer_addr, %error, endpoint, "certificate refused");
                refused(endpoint, "certificate");
            } else {
                debug!(%peer_addr, %error, endpoint, "handshake failed");
                refused(endpoint, "protocol");
            }
            return None;
        }
        Err(_) => {
            debug!(%peer_addr, endpoint, "handshake took too long");
            refused(endpoint, "timeout");
            return None;
        }
    };
    let identity = match I::identify(tls.get_ref().1, peer_addr) {
        Ok(identity) => identity,
        Err(error) => {
            info!(%peer_addr, %error, endpoint, "certificate refused");
            refused(endpoint, "certificate");
            return None;
        }
    };
    let Ok(permit) = Arc::clone(&door.permits).try_acquire_owned() else {
        refused(endpoint, "full");
        return None;
    };
    Some(Connection::new(tls, identity, permit, door.limits, &door.stop))
}

fn is_about_a_certificate(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}

fn refused(endpoint: &'static str, why: &'static str) {
    counter!("kortisto_connections_refused_total", "endpoint" => endpoint, "why" => why).increment(1);
}

/// A device that loses its power sends no FIN: TCP has to ask.
fn set_options(stream: &TcpStream) {
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(TCP_KEEPALIVE_IDLE_SECONDS))
        .with_interval(Duration::from_secs(TCP_KEEPALIVE_INTERVAL_SECONDS))
        .with_retries(TCP_KEEPALIVE_PROBES);
    let set = stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_keepalive(&keepalive));
    if let Err(error) = set {
        debug!(%error, "cannot set the options of a connection");
    }
}
