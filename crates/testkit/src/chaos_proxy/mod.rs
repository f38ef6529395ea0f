//! A network that fails on demand: a TCP proxy between any client and any server, whose faults are switched
//! while connections run.
//!
//! It stands as well between a device and the register as between the register and PostgreSQL.

mod conditions;
mod connection;
#[cfg(test)]
mod tests;

use conditions::{Conditions, Reach};
pub use conditions::{Cut, Direction};
use connection::Connection;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{AbortHandle, JoinSet},
};

/// A proxy on a free port of loopback. It passes everything until it is told otherwise, and ends, with all
/// its connections, when it is dropped.
#[derive(Debug)]
pub struct ChaosProxy {
    address: SocketAddr,
    conditions: Arc<watch::Sender<Conditions>>,
    running: AbortHandle,
}

impl ChaosProxy {
    /// Starts a proxy in front of `server`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let conditions = Arc::new(watch::Sender::new(Conditions::default()));
        let running = tokio::spawn(listen(listener, address, server, Arc::clone(&conditions)));
        Ok(Self { address, conditions, running: running.abort_handle() })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every fault: no latency, no cut, no refusal, and what a freeze held back goes on.
    pub fn pass(&self) {
        let severed = self.conditions.borrow().severed;
        self.conditions.send_replace(Conditions { severed, ..Conditions::default() });
    }

    /// Delays every byte that is read from now on by `delay` on its way in `direction`. Bandwidth stays.
    pub fn delay(&self, direction: Direction, delay: Duration) {
        self.conditions.send_modify(|now| now.delays[direction as usize] = delay);
    }

    /// Lets `bytes` more bytes through in `direction`, counted over all connections from now; the
    /// connection on which the next one travels is severed there, once. What it has let through arrives.
    /// With 0, a request gets to the server and its answer does not come back.
    pub fn cut_after(&self, direction: Direction, bytes: u64) -> Cut {
        let cut = Cut::after(bytes);
        self.conditions.send_modify(|now| now.cuts[direction as usize] = Some(cut.clone()));
        cut
    }

    /// Refuses new connections, as a port on which nobody listens. Open ones go on.
    ///
    /// It takes effect when the listening task has seen it; [`ChaosProxy::refused`] waits for that.
    pub fn refuse(&self) {
        self.conditions.send_modify(|now| now.reach = Reach::Refused);
    }

    /// Waits until nobody listens on the port any more, after [`ChaosProxy::refuse`].
    pub async fn refused(&self) {
        let mut seen = self.conditions.subscribe();
        // The sender lives as long as we do, so this ends by the condition only.
        _ = seen.wait_for(|now| now.reach == Reach::Closed).await;
    }

    /// A black hole: connections open and stay open, and nothing comes out on either side.
    pub fn freeze(&self) {
        self.conditions.send_modify(|now| now.frozen = true);
    }

    /// Resets every open connection now. New ones are not concerned.
    pub fn sever(&self) {
        self.conditions.send_modify(|now| now.severed += 1);
    }
}

impl Drop for ChaosProxy {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Takes connections as long as it may. Its end is the end of all of them.
async fn listen(
    first: TcpListener,
    address: SocketAddr,
    server: SocketAddr,
    conditions: Arc<watch::Sender<Conditions>>,
) -> io::Result<()> {
    let mut seen = conditions.subscribe();
    let mut connections = JoinSet::new();
    let mut listener = Some(first);
    loop {
        let refuses = seen.borrow_and_update().reach != Reach::Open;
        if refuses && listener.take().is_some() {
            conditions.send_modify(|now| now.reach = now.reach.closed());
        } else if !refuses && listener.is_none() {
            listener = Some(TcpListener::bind(address).await?);
        }
        tokio::select! {
            changed = seen.changed() => if changed.is_err() { return Ok(()) },
            client = accept(listener.as_ref()) => {
                if let Ok(client) = client {
                    connections.spawn(Connection::new(conditions.subscribe()).run(client, server));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The next client; never, while nobody listens.
async fn accept(listener: Option<&TcpListener>) -> io::Result<tokio::net::TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}
