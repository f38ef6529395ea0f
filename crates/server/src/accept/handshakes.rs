//! The handshakes under way. Too many at once make the oldest give way, never the newest: a flood of
//! half-open connections must not keep an honest device out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// Every handshake that has begun and not ended.
pub(super) struct Handshakes {
    max: usize,
    per_address_max: usize,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    by_age: BTreeMap<u64, (IpAddr, AbortHandle)>,
    by_address: HashMap<IpAddr, BTreeSet<u64>>,
}

/// Held by a handshake; dropping it takes the handshake off the list.
pub(super) struct Done {
    handshakes: Arc<Handshakes>,
    id: u64,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.handshakes.lock().remove(self.id);
    }
}

impl Handshakes {
    pub(super) fn new(max: usize, per_address_max: usize) -> Self {
        Self { max, per_address_max, under_way: Mutex::default() }
    }

    /// Spawns a handshake. The task drops its [`Done`] when the handshake is over. Whether an older one
    /// had to give way.
    pub(super) fn begin<T, F>(self: &Arc<Self>, address: IpAddr, task: T) -> bool
    where
        T: FnOnce(Done) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        // The lock is held until the task is listed, so that its Done cannot come first.
        let mut under_way = self.lock();
        let of_address = under_way.by_address.get(&address);
        let oldest = match of_address {
            Some(ids) if ids.len() >= self.per_address_max => ids.first().copied(),
            _ if under_way.by_age.len() >= self.max => under_way.by_age.keys().next().copied(),
            _ => None,
        };
        let gave_way = oldest.and_then(|id| under_way.remove(id));
        let id = under_way.next;
        under_way.next += 1;
        let task = tokio::spawn(task(Done { handshakes: Arc::clone(self), id }));
        under_way.by_age.insert(id, (address, task.abort_handle()));
        under_way.by_address.entry(address).or_default().insert(id);
        drop(under_way);
        // Outside of the lock: aborting may drop the task, and with it its Done, here and now.
        gave_way.map(|handle| handle.abort()).is_some()
    }

    /// Ends every handshake under way.
    pub(super) fn give_up_all(&self) {
        let under_way = std::mem::take(&mut *self.lock());
        for (_, handle) in under_way.by_age.into_values() {
            handle.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn remove(&mut self, id: u64) -> Option<AbortHandle> {
        let (address, handle) = self.by_age.remove(&id)?;
        if let Some(ids) = self.by_address.get_mut(&address) {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_address.remove(&address);
            }
        }
        Some(handle)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// A handshake that never ends by itself; the receiver fails when it is given up.
    fn endless(handshakes: &Arc<Handshakes>, address: IpAddr) -> (bool, oneshot::Receiver<()>) {
        let (alive, given_up) = oneshot::channel();
        let gave_way = handshakes.begin(address, |done| async move {
            let _held = (done, alive);
            pending::<()>().await;
        });
        (gave_way, given_up)
    }

    #[tokio::test]
    async fn the_oldest_of_the_same_address_gives_way() {
        let handshakes = Arc::new(Handshakes::new(100, 2));
        let (_, other) = endless(&handshakes, address(9));
        let (_, oldest) = endless(&handshakes, address(1));
        let (_, newer) = endless(&handshakes, address(1));
        let (gave_way, _newest) = endless(&handshakes, address(1));
        assert!(gave_way);
        oldest.await.expect_err("the oldest is gone");
        for mut kept in [other, newer] {
            assert!(tokio::time::timeout(Duration::from_millis(20), &mut kept).await.is_err());
        }
    }

    #[tokio::test]
    async fn the_oldest_of_all_gives_way_at_the_total() {
        let handshakes = Arc::new(Handshakes::new(3, 2));
        let (_, oldest) = endless(&handshakes, address(1));
        let (_, _b) = endless(&handshakes, address(2));
        let (_, _c) = endless(&handshakes, address(3));
        let (gave_way, _d) = endless(&handshakes, address(4));
        assert!(gave_way);
        oldest.await.expect_err("the oldest is gone");
    }

    #[tokio::test]
    async fn a_handshake_that_is_done_makes_room() {
        let handshakes = Arc::new(Handshakes::new(1, 1));
        for _ in 0..10 {
            let (finished, wait) = oneshot::channel();
            let gave_way = handshakes.begin(address(1), |done| async move {
                drop(done);
                let _ = finished.send(());
            });
            assert!(!gave_way);
            wait.await.unwrap();
        }
        assert!(handshakes.lock().by_address.is_empty());
    }
}
