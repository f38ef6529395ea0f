//! `HoldService.WatchHoldShelf`: the hold shelf of a branch, for a locker or a kiosk that shows it.
//!
//! The first messages are the whole shelf, the next ones what has changed since. A device that was cut off asks again
//! and has missed nothing. The watch remembers what it has told and compares, so a signal too many costs a read and
//! tells nothing; a device that is slow to read gets the newest state, since the shelf is looked at when it has taken
//! what was found before.

use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
};
use kortisto_domain::Decision;
use kortisto_store::{
    Signal,
    queries::shelf::{self, SHELF_PAGE_ROWS, ShelfRow},
};
use sea_orm::ConnectionTrait;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast, watch},
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(3);

/// When to ask again after a server that watches enough already.
const FULL_RETRY: Duration = Duration::from_secs(5);

/// Part of what a shelf shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfNews {
    /// Whether this is the beginning of the whole shelf: forget what was told before.
    pub whole: bool,
    /// Holds that are ready, new or changed. At most [`SHELF_PAGE_ROWS`] with those that are gone.
    pub ready: Vec<ShelfRow>,
    /// Holds that are not on the shelf any more.
    pub gone: Vec<Uuid>,
}

/// A shelf that is being watched. Dropping it ends the watch.
pub struct ShelfWatch {
    register: Arc<Register>,
    caller: Caller,
    branch: i64,
    /// What was found and not yet given out.
    next: VecDeque<ShelfNews>,
    /// The shelf as it was told.
    told: BTreeMap<Uuid, ShelfRow>,
    signals: broadcast::Receiver<Signal>,
    stopping: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl std::fmt::Debug for ShelfWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShelfWatch")
    }
}

impl Register {
    /// Begins to watch the hold shelf of the device's branch.
    ///
    /// # Errors
    /// [`RegisterError`]; [`Overloaded`](RegisterError::Overloaded) when the server watches enough already.
    pub async fn watch_shelf(
        self: &Arc<Self>,
        caller: Caller,
        deadline: Instant,
    ) -> Result<ShelfWatch, RegisterError> {
        let permit = Arc::clone(&self.watches)
            .try_acquire_owned()
            .map_err(|_| RegisterError::Overloaded { retry_after: FULL_RETRY })?;
        // Before the first look, so that nothing falls between the two.
        let (signals, stopping) = (self.signals.subscribe(), self.stopping.subscribe());
        let register = Arc::clone(self);
        let (branch, shelf) = self
            .store
            .unit_of_work("watch_hold_shelf", deadline, move |transaction| {
                let register = Arc::clone(&register);
                Box::pin(async move {
                    let asking = Asking::load(&register, transaction, &caller, None, None).await?;
                    let branch = asking.admit(Rpc::WatchHoldShelf)?.branch_id;
                    let shelf = shelf_of(transaction, branch).await?;
                    let granted = Decision::granted();
                    record(&register, transaction, &asking, "watch_hold_shelf", &granted, None).await?;
                    Ok::<_, RegisterError>((branch, shelf))
                })
            })
            .await?;
        let mut next = in_parts(&shelf.values().cloned().collect::<Vec<_>>(), &[]);
        match next.front_mut() {
            Some(first) => first.whole = true,
            // An empty shelf is told too.
            None => next.push_back(ShelfNews { whole: true, ready: Vec::new(), gone: Vec::new() }),
        }
        Ok(ShelfWatch {
            register: Arc::clone(self),
            caller,
            branch,
            next,
            told: shelf,
            signals,
            stopping,
            _permit: permit,
        })
    }
}

/// The whole shelf of a branch.
async fn shelf_of(
    connection: &impl ConnectionTrait,
    branch: i64,
) -> Result<BTreeMap<Uuid, ShelfRow>, RegisterError> {
    let mut shelf = BTreeMap::new();
    let mut after = Uuid::nil();
    loop {
        let page = shelf::ready_at(connection, branch, after).await?;
        let full = page.len() == SHELF_PAGE_ROWS;
        after = page.last().map_or(after, |row| row.id);
        shelf.extend(page.into_iter().map(|row| (row.id, row)));
        if !full {
            return Ok(shelf);
        }
    }
}

/// News in parts that fit into a message.
fn in_parts(ready: &[ShelfRow], gone: &[Uuid]) -> VecDeque<ShelfNews> {
    // Most news is short and fits into one message.
    if ready.len() + gone.len() <= SHELF_PAGE_ROWS {
        let all = ShelfNews { whole: false, ready: ready.to_vec(), gone: gone.to_vec() };
        return if all.ready.is_empty() && all.gone.is_empty() { VecDeque::new() } else { [all].into() };
    }
    let of_gone = gone.chunks(SHELF_PAGE_ROWS).map(|part| ShelfNews {
        whole: false,
        ready: Vec::new(),
        gone: part.to_vec(),
    });
    let of_ready = ready.chunks(SHELF_PAGE_ROWS).map(|part| ShelfNews {
        whole: false,
        ready: part.to_vec(),
        gone: Vec::new(),
    });
    of_gone.chain(of_ready).collect()
}

impl ShelfWatch {
    /// The next part of what the shelf shows. May be dropped while it waits and called again.
    ///
    /// # Errors
    /// [`RegisterError`]; the watch is over then: [`DeviceRevoked`](RegisterError::DeviceRevoked) for a device that
    /// lost its right, [`Unavailable`](RegisterError::Unavailable) when the server stops or the database is gone.
    pub async fn next(&mut self) -> Result<ShelfNews, RegisterError> {
        loop {
            if let Some(news) = self.next.pop_front() {
                return Ok(news);
            }
            self.until_a_look_is_due().await?;
            let shelf = timeout(LOOK_LIMIT, self.look()).await.map_err(|_| RegisterError::Unavailable)??;
            let changed = shelf.values().filter(|row| self.told.get(&row.id) != Some(*row));
            let changed: Vec<_> = changed.cloned().collect();
            let gone: Vec<_> = self.told.keys().filter(|id| !shelf.contains_key(*id)).copied().collect();
            self.next = in_parts(&changed, &gone);
            self.told = shelf;
        }
    }

    /// The shelf now, if the device is still in force.
    async fn look(&self) -> Result<BTreeMap<Uuid, ShelfRow>, RegisterError> {
        let readers = self.register.store.readers();
        let asking = Asking::load(&self.register, readers, &self.caller, None, None).await?;
        asking.admit(Rpc::WatchHoldShelf)?;
        shelf_of(readers, self.branch).await
    }

    async fn until_a_look_is_due(&mut self) -> Result<(), RegisterError> {
        let (branch, device) = (self.branch, self.caller.device_id);
        let now_and_then = sleep(self.register.look_interval);
        tokio::pin!(now_and_then);
        loop {
            tokio::select! {
                biased;
                stopped = self.stopping.wait_for(|stopping| *stopping) => {
                    // An error means that the register is gone.
                    let _ = stopped;
                    return Err(RegisterError::Unavailable);
                }
                () = &mut now_and_then => return Ok(()),
                signal = self.signals.recv() => match signal {
                    Ok(Signal::Patron(_)) => {}
                    Ok(Signal::Shelf(id)) if id != branch => {}
                    Ok(Signal::Device(id)) if id != device => {}
                    // Also one who fell behind.
                    _ => return Ok(()),
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: usize) -> ShelfRow {
        ShelfRow {
            id: Uuid::from_u128(number as u128),
            pickup_number: format!("A{number}"),
            compartment: None,
            stocked_by: None,
            pickup_stop: None,
            pickup_locker: None,
            alias: None,
            pickup_until: None,
        }
    }

    #[test]
    fn news_come_in_messages_that_fit() {
        let sizes = |ready: usize, gone: usize| {
            let ready: Vec<_> = (0..ready).map(row).collect();
            let gone: Vec<_> = (0..gone).map(|number| row(number).id).collect();
            let parts = in_parts(&ready, &gone);
            parts.iter().map(|part| (part.ready.len(), part.gone.len())).collect::<Vec<_>>()
        };
        assert_eq!(sizes(0, 0), []);
        assert_eq!(sizes(2, 0), [(2, 0)]);
        assert_eq!(sizes(2, 3), [(2, 3)]);
        assert_eq!(sizes(2000, 1), [(0, 1), (2000, 0)]);
        assert_eq!(sizes(2001, 0), [(2000, 0), (1, 0)]);
        assert_eq!(sizes(0, 2001), [(0, 2000), (0, 1)]);
        assert_eq!(sizes(4001, 0), [(2000, 0), (2000, 0), (1, 0)]);
    }
}
