//! The lane's task: takes what has queued, runs it as a turn, again and again.

use std::{collections::VecDeque, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    Desk, LaneError, LaneLimits,
    handle::{Job, Message},
    stats::Counters,
    turn::Turns,
};

/// Runs until the lane is closed or dropped and its queue is empty.
///
/// `_end` is dropped last and tells [`Lane::close`](super::Lane::close) so.
pub(super) async fn run<D: Desk>(
    desk: Arc<D>,
    jobs: mpsc::UnboundedReceiver<Message<D>>,
    limits: LaneLimits,
    counters: Arc<Counters>,
    _end: watch::Sender<()>,
) {
    let mut queue = Queue { jobs, waiting: VecDeque::new(), placed: 0, turn_max: limits.turn_max.max(1) };
    let mut turns = Turns::new(desk, limits, Arc::clone(&counters));
    while queue.fill().await {
        // Nothing but the desk's code can panic in there, and a turn catches that itself. What is left are
        // destructors of the desk's types. They cost the turn they happen in, not the lane.
        let step = async {
            let batch = queue.take_batch(&counters);
            if !batch.is_empty() {
                let deferred = turns.run(batch).await;
                queue.put_back(deferred);
            }
        };
        if AssertUnwindSafe(step).catch_unwind().await.is_err() {
            counters.panics.increment();
            tracing::error!("a panic ended a turn of a lane; its callers were told");
        }
    }
}

/// What waits for a turn, in the order of the calls.
struct Queue<D: Desk> {
    jobs: mpsc::UnboundedReceiver<Message<D>>,
    waiting: VecDeque<Job<D>>,
    placed: u64,
    turn_max: usize,
}

impl<D: Desk> Queue<D> {
    /// Waits until there is something to do and takes all that has queued. `false`: closed and empty.
    async fn fill(&mut self) -> bool {
        if self.waiting.is_empty() {
            match self.jobs.recv().await {
                Some(message) => self.receive(message),
                None => return false,
            }
        }
        while let Ok(message) = self.jobs.try_recv() {
            self.receive(message);
        }
        true
    }

    fn receive(&mut self, message: Message<D>) {
        match message {
            Message::Job(mut job) => {
                job.place = self.placed;
                self.placed += 1;
                self.waiting.push_back(job);
            }
            // What was sent before still arrives; later sends fail.
            Message::Close => self.jobs.close(),
        }
    }

    /// The next operations in order, without those that nobody waits for any more.
    fn take_batch(&mut self, counters: &Counters) -> Vec<Job<D>> {
        let now = Instant::now();
        let mut batch = Vec::with_capacity(self.turn_max.min(self.waiting.len()));
        while batch.len() < self.turn_max {
            let Some(job) = self.waiting.pop_front() else { break };
            if job.reply.is_closed() {
                counters.skipped.increment();
            } else if job.deadline <= now {
                counters.skipped.increment();
                // The caller may have gone this instant.
                let _ = job.reply.send(Err(LaneError::DeadlinePassed));
            } else {
                batch.push(job);
            }
        }
        batch
    }

    /// Puts those that wait for the next turn before all others.
    fn put_back(&mut self, mut deferred: Vec<Job<D>>) {
        deferred.sort_unstable_by_key(|job| job.place);
        for job in deferred.into_iter().rev() {
            self.waiting.push_front(job);
        }
    }
}
