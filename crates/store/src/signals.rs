//! Tells a server at once what another server, a command or a desk has changed, so that whoever watches looks again.
//!
//! A signal says where to look and carries no fact: what holds is read from the database. So a signal too many costs
//! a read, and one that is lost is made up for by [`Signal::Everything`] when the line is back.
//!
//! * PostgreSQL: triggers send NOTIFY in the transaction of the change, so that it arrives when that has committed
//!   and whoever made it (`migrations/src/m0009_signals.rs`, `m0015_shelf_signals.rs`). A connection of its own listens.
//! * SQLite: one server has the file, and a command may write beside it. `PRAGMA data_version` changes with every
//!   commit of another connection, also of another process; it is asked a few times a second.

use std::{sync::Arc, time::Duration};

use sea_orm::sqlx::{Connection as _, Row as _, SqliteConnection, postgres::PgListener, query};
use tokio::{sync::broadcast, task::JoinHandle, time::sleep};

use crate::{Engine, Store, StoreError, connect};

/// The channel of NOTIFY.
const CHANNEL: &str = "kortisto";
/// Signals that a watcher may be behind. Beyond that it looks at everything.
const BEHIND_MAX: usize = 1024;
/// How often SQLite is asked whether something was committed. Well under the second within which a ban has to show.
const SQLITE_INTERVAL: Duration = Duration::from_millis(200);
/// The pause before the line is tried again.
const PAUSE: Duration = Duration::from_millis(250);

/// Where something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// At this patron: a card, a session, a ban, the standing.
    Patron(i64),
    /// At this device: its state or its certificate.
    Device(i64),
    /// On the hold shelf of this branch.
    Shelf(i64),
    /// Perhaps anywhere.
    Everything,
}

impl Signal {
    /// Reads what a trigger sends: `patron 12`, `device 3`, `shelf 1`. Anything else may come from a newer schema.
    fn parse(payload: &str) -> Self {
        match payload.split_once(' ').map(|(what, id)| (what, id.parse())) {
            Some(("patron", Ok(id))) => Self::Patron(id),
            Some(("device", Ok(id))) => Self::Device(id),
            Some(("shelf", Ok(id))) => Self::Shelf(id),
            _ => Self::Everything,
        }
    }
}

/// Hears the signals of one database. Dropping it ends the listening.
#[derive(Debug)]
pub struct Signals {
    sender: broadcast::Sender<Signal>,
    task: JoinHandle<()>,
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Signals {
    /// Begins to listen, on the current runtime, and goes on through every outage.
    #[must_use]
    pub fn listen(store: &Store) -> Arc<Self> {
        let (sender, _) = broadcast::channel(BEHIND_MAX);
        let task = tokio::spawn(run(store.clone(), sender.clone()));
        Arc::new(Self { sender, task })
    }

    /// The signals from now on. One who falls behind gets [`broadcast::error::RecvError::Lagged`], which means the
    /// same as [`Signal::Everything`].
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Signal> {
        self.sender.subscribe()
    }
}

async fn run(store: Store, sender: broadcast::Sender<Signal>) {
    loop {
        let error = match store.engine() {
            Engine::Postgres => listen(&store, &sender).await,
            Engine::Sqlite => poll(&store, &sender).await,
        };
        if let Err(error) = error {
            tracing::debug!(%error, "the line for signals is down");
        }
        sleep(PAUSE).await;
    }
}

/// Until the connection is lost.
async fn listen(store: &Store, sender: &broadcast::Sender<Signal>) -> Result<(), StoreError> {
    let pool = connect::listening_pool(store.options())?;
    let mut listener = PgListener::connect_with(&pool).await.map_err(connect::of_driver)?;
    listener.listen(CHANNEL).await.map_err(connect::of_driver)?;
    // Whatever happened before the line was up.
    let _ = sender.send(Signal::Everything);
    // `None`: the connection was lost, and signals with it.
    while let Some(notification) = listener.try_recv().await.map_err(connect::of_driver)? {
        // Nobody may be watching.
        let _ = sender.send(Signal::parse(notification.payload()));
    }
    Ok(())
}

/// Until the file cannot be read.
async fn poll(store: &Store, sender: &broadcast::Sender<Signal>) -> Result<(), StoreError> {
    let options = connect::sqlite_reading(store)?;
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(connect::of_driver)?;
    let mut seen = None;
    loop {
        let row =
            query("PRAGMA data_version").fetch_one(&mut connection).await.map_err(connect::of_driver)?;
        let version: i64 = row.try_get(0).map_err(connect::of_driver)?;
        if seen.replace(version) != Some(version) {
            let _ = sender.send(Signal::Everything);
        }
        sleep(SQLITE_INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_says_where_and_else_everything() {
        for (payload, signal) in [
            ("patron 12", Signal::Patron(12)),
            ("device 3", Signal::Device(3)),
            ("shelf 1", Signal::Shelf(1)),
            ("patron", Signal::Everything),
            ("patron x", Signal::Everything),
            ("", Signal::Everything),
            ("branch 7", Signal::Everything),
        ] {
            assert_eq!(Signal::parse(payload), signal, "{payload:?}");
        }
    }
}
