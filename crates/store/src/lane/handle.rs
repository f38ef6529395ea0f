//! The caller's side of a lane.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

use super::{Desk, LaneLimits, LaneStats, stats::Counters, task};

/// Why a lane did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneError<E> {
    /// The queue is full, or the operation was put off too often. Nothing was done; ask again later.
    #[error("the lane is busy")]
    Busy,
    /// The lane is closing. Nothing was done.
    #[error("the lane is stopping")]
    Stopping,
    /// The operation, or the desk while working on it alone, panicked. Nothing was done.
    #[error("the operation panicked")]
    Panicked,
    /// The caller's deadline, or both tries of the turn, passed. The outcome is unknown: ask again with the same
    /// request id.
    #[error("the deadline passed")]
    DeadlinePassed,
    /// The desk's error, after every retry that could help. When it is a lost connection the outcome is unknown.
    #[error("the desk failed: {0}")]
    Failed(E),
}

/// What the task gives back to a caller.
pub(super) type Reply<D> = Result<<D as Desk>::Answer, LaneError<<D as Desk>::Error>>;

/// One operation on its way through the lane.
pub(super) struct Job<D: Desk> {
    pub(super) operation: D::Operation,
    pub(super) keys: Vec<u64>,
    pub(super) deadline: Instant,
    pub(super) deferrals: u32,
    /// Place in the order of calls; given by the task.
    pub(super) place: u64,
    pub(super) reply: oneshot::Sender<Reply<D>>,
    /// Counts the operation into the queue until it is answered.
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What travels from callers to the task.
pub(super) enum Message<D: Desk> {
    Job(Job<D>),
    Close,
}

/// A running lane. Dropping it lets the task finish what has queued and end.
pub struct Lane<D: Desk> {
    desk: Arc<D>,
    queue: mpsc::UnboundedSender<Message<D>>,
    /// Bounds the queue; closed when the lane stops.
    places: Arc<Semaphore>,
    places_max: usize,
    counters: Arc<Counters>,
    ended: watch::Receiver<()>,
}

impl<D: Desk> fmt::Debug for Lane<D> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lane").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl<D: Desk> Lane<D> {
    /// Starts the lane's task on the current runtime.
    #[must_use]
    pub fn start(desk: Arc<D>, limits: LaneLimits) -> Self {
        let places_max = limits.queue_max.clamp(1, Semaphore::MAX_PERMITS);
        let (queue, jobs) = mpsc::unbounded_channel();
        let (end, ended) = watch::channel(());
        let counters = Arc::new(Counters::default());
        tokio::spawn(task::run(Arc::clone(&desk), jobs, limits, Arc::clone(&counters), end));
        Self { desk, queue, places: Arc::new(Semaphore::new(places_max)), places_max, counters, ended }
    }

    /// Queues the operation and waits for its answer, at most until `deadline`.
    ///
    /// When this future is dropped, or the deadline passes, before the operation's turn has begun, the operation
    /// is never begun. Later it is decided and committed all the same.
    ///
    /// # Errors
    /// [`LaneError`]; [`Busy`](LaneError::Busy) and [`Stopping`](LaneError::Stopping) at once.
    pub async fn call(
        &self,
        operation: D::Operation,
        deadline: Instant,
    ) -> Result<D::Answer, LaneError<D::Error>> {
        let permit = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits) => {
                self.counters.busy.increment();
                return Err(LaneError::Busy);
            }
            Err(TryAcquireError::Closed) => return Err(LaneError::Stopping),
        };
        let mut keys = Vec::new();
        if catch_unwind(AssertUnwindSafe(|| self.desk.keys(&operation, &mut keys))).is_err() {
            self.counters.panics.increment();
            self.counters.failed.increment();
            return Err(LaneError::Panicked);
        }
        let (reply, answer) = oneshot::channel();
        let job = Job { operation, keys, deadline, deferrals: 0, place: 0, reply, _permit: permit };
        if self.queue.send(Message::Job(job)).is_err() {
            return Err(LaneError::Stopping);
        }
        match timeout_at(deadline, answer).await {
            Ok(Ok(reply)) => reply,
            // The task dropped the job without an answer; only a panic makes it do so.
            Ok(Err(_)) => Err(LaneError::Panicked),
            Err(_) => Err(LaneError::DeadlinePassed),
        }
    }

    /// A reading of the counters.
    #[must_use]
    pub fn stats(&self) -> LaneStats {
        self.counters.read(self.places_max - self.places.available_permits())
    }

    /// Refuses new calls, finishes what has queued and returns when the task has ended. May be called again.
    pub async fn close(&self) {
        self.places.close();
        // An error means that the task has ended already.
        let _ = self.queue.send(Message::Close);
        let mut ended = self.ended.clone();
        // Nothing is ever sent: the sender is dropped with the task.
        while ended.changed().await.is_ok() {}
    }
}
