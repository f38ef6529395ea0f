//! One connection through the proxy: two streams of bytes and what happens to them.

use super::conditions::{Conditions, Direction};
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

/// Most bytes that travel as one piece.
const PIECE_BYTES_MAX: usize = 16 * 1024;

/// Pieces under way in one direction; more wait in the sender, as in a network that is full.
const PIECES_UNDER_WAY_MAX: usize = 256;

/// A connection and its view of the network.
pub(super) struct Connection {
    conditions: watch::Receiver<Conditions>,
}

/// The connection is taken down: by the network, or by a side that no longer takes bytes.
struct Severed;

impl From<io::Error> for Severed {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// Bytes that arrive at a certain time.
struct Piece {
    bytes: Vec<u8>,
    due: Instant,
}

impl Connection {
    pub(super) fn new(conditions: watch::Receiver<Conditions>) -> Self {
        Self { conditions }
    }

    /// Carries bytes both ways until both sides have said all, one of them breaks off, or the network does.
    pub(super) async fn run(self, mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
        let Ok(mut server) = TcpStream::connect(server).await else {
            return client.set_zero_linger();
        };
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let severed = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            tokio::select! {
                ends = async { tokio::try_join!(
                    self.carry(Direction::ToServer, from_client, to_server),
                    self.carry(Direction::ToClient, from_server, to_client),
                ) } => ends.is_err(),
                () = self.severed() => true,
            }
        };
        if severed {
            client.set_zero_linger()?;
            server.set_zero_linger()?;
        }
        Ok(())
    }

    /// Carries one direction to its end. The error is an end that concerns the other one too.
    async fn carry(&self, way: Direction, from: ReadHalf<'_>, to: WriteHalf<'_>) -> Result<(), Severed> {
        let (sender, receiver) = mpsc::channel(PIECES_UNDER_WAY_MAX);
        tokio::try_join!(self.read(way, from, sender), self.write(way, to, receiver))?;
        Ok(())
    }

    async fn read(
        &self,
        way: Direction,
        mut from: ReadHalf<'_>,
        under_way: mpsc::Sender<Piece>,
    ) -> Result<(), Severed> {
        let mut buffer = vec![0; PIECE_BYTES_MAX];
        // A reset ends here like a farewell; the other side then finds a closed connection.
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let due = Instant::now() + self.conditions.borrow().delays[way as usize];
            let piece = Piece { bytes: buffer[..length].to_vec(), due };
            under_way.send(piece).await.map_err(|_| Severed)?;
        }
        Ok(())
    }

    async fn write(
        &self,
        way: Direction,
        mut to: WriteHalf<'_>,
        mut under_way: mpsc::Receiver<Piece>,
    ) -> Result<(), Severed> {
        while let Some(piece) = under_way.recv().await {
            sleep_until(piece.due).await;
            self.thawed().await;
            let cut = self.conditions.borrow().cuts[way as usize].clone();
            let wanted = piece.bytes.len();
            let (allowed, sever) = cut.map_or((wanted, false), |cut| cut.allow(wanted));
            to.write_all(&piece.bytes[..allowed]).await?;
            if sever {
                return Err(Severed);
            }
        }
        self.thawed().await;
        to.shutdown().await?;
        Ok(())
    }

    /// Waits for the end of a freeze.
    async fn thawed(&self) {
        _ = self.conditions.clone().wait_for(|now| !now.frozen).await;
    }

    /// Waits for the next severing.
    async fn severed(&self) {
        let mut conditions = self.conditions.clone();
        let before = conditions.borrow().severed;
        _ = conditions.wait_for(|now| now.severed != before).await;
    }
}
