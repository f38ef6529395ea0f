//! One batch: run as a turn, and cut up or run again until every operation is answered or put off.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures_util::FutureExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Desk, Fault, LaneError, LaneLimits, Outcome, handle::Job, stats::Counters, suspects::Suspects};

/// Tries of an operation that stands alone before it is answered with its fault. The second one is for races that
/// the first one lost, such as two servers under one request id.
const ALONE_TRIES_MAX: u32 = 2;

/// Consecutive operations of a batch that are run in one transaction.
struct Segment<D: Desk> {
    jobs: Vec<Job<D>>,
    /// Tries that failed while the segment stood alone.
    alone_tries: u32,
    retries: u32,
    timeouts: u32,
}

impl<D: Desk> Segment<D> {
    fn new(jobs: Vec<Job<D>>) -> Self {
        Self { jobs, alone_tries: 0, retries: 0, timeouts: 0 }
    }
}

/// How one try of a turn ended.
enum Tried<A, E> {
    /// Committed. `None`: put off to the next turn.
    Committed(Vec<Option<A>>),
    Failed(E),
    TimedOut,
    /// In `begin` or `commit`: whose fault it is, is not known.
    Panicked,
    /// In `decide`, at this index.
    DecidePanicked(usize),
}

/// Why a segment, or its one operation, cannot be answered.
enum Cause<E> {
    Error(E),
    Panic,
    Deadline,
}

/// Runs batches as turns, one at a time.
pub(super) struct Turns<D: Desk> {
    desk: Arc<D>,
    limits: LaneLimits,
    counters: Arc<Counters>,
    /// The last try went through. When not, a turn is not run again: waiting for a database that is down only
    /// makes everyone behind wait too.
    healthy: bool,
    suspects: Suspects,
}

impl<D: Desk> Turns<D> {
    pub(super) fn new(desk: Arc<D>, limits: LaneLimits, counters: Arc<Counters>) -> Self {
        Self { desk, limits, counters, healthy: true, suspects: Suspects::default() }
    }

    /// Answers every operation of the batch but those that are returned: they wait for the next turn.
    pub(super) async fn run(&mut self, batch: Vec<Job<D>>) -> Vec<Job<D>> {
        let mut deferred = Vec::new();
        // Keys of operations that were put off. Nothing that shares one may be decided in this batch.
        let mut held = HashSet::new();
        // Segments still to run, the next one last.
        let mut segments = self.apart(batch);
        while let Some(mut segment) = segments.pop() {
            if !held.is_empty() {
                self.set_aside(&mut segment.jobs, &mut held, &mut deferred);
            }
            if segment.jobs.is_empty() {
                continue;
            }
            match self.attempt(&segment.jobs).await {
                Tried::Committed(answers) => {
                    self.healthy = true;
                    self.answer(segment.jobs, answers, &mut held, &mut deferred);
                }
                Tried::Failed(error) => match self.desk.classify(&error) {
                    Fault::Split => self.split(segment, &Cause::Error(error), &mut segments),
                    Fault::Retry => self.retry(segment, error, &mut segments).await,
                    Fault::Fatal => self.fail(segment.jobs, &Cause::Error(error)),
                },
                Tried::TimedOut => {
                    self.recover().await;
                    let again = self.healthy && segment.timeouts < self.limits.timeout_retries_max;
                    if again {
                        segment.timeouts += 1;
                        self.counters.retried.increment();
                        segments.push(segment);
                    } else {
                        self.healthy = false;
                        self.fail(segment.jobs, &Cause::Deadline);
                    }
                }
                Tried::Panicked => {
                    self.counters.panics.increment();
                    self.split(segment, &Cause::Panic, &mut segments);
                }
                Tried::DecidePanicked(index) => {
                    self.counters.panics.increment();
                    self.isolate(segment, index, &mut segments);
                }
            }
        }
        deferred
    }

    /// The batch as one segment, and behind it, each alone, the operations that are suspect or share a key with one
    /// of them that was called before.
    fn apart(&self, batch: Vec<Job<D>>) -> Vec<Segment<D>> {
        let mut together = Vec::with_capacity(batch.len());
        let mut alone = Vec::new();
        let mut behind = HashSet::new();
        for job in batch {
            if self.suspects.any(&job.keys) || job.keys.iter().any(|key| behind.contains(key)) {
                behind.extend(job.keys.iter().copied());
                alone.push(Segment::new(vec![job]));
            } else {
                together.push(job);
            }
        }
        alone.reverse();
        alone.push(Segment::new(together));
        alone
    }

    /// Moves operations that share a held key to those put off; they hold their own keys from then on.
    fn set_aside(&self, jobs: &mut Vec<Job<D>>, held: &mut HashSet<u64>, deferred: &mut Vec<Job<D>>) {
        for job in std::mem::take(jobs) {
            if job.keys.iter().any(|key| held.contains(key)) {
                held.extend(&job.keys);
                self.counters.deferred.increment();
                deferred.push(job);
            } else {
                jobs.push(job);
            }
        }
    }

    /// One transaction, within the turn's deadline. On any failure the turn has been dropped.
    async fn attempt(&self, jobs: &[Job<D>]) -> Tried<D::Answer, D::Error> {
        let deadline = Instant::now() + self.limits.turn_deadline;
        let operations: Vec<_> = jobs.iter().map(|job| &job.operation).collect();
        let begin = AssertUnwindSafe(async { self.desk.begin(&operations).await }).catch_unwind();
        let mut turn = match timeout_at(deadline, begin).await {
            Err(_) => return Tried::TimedOut,
            Ok(Err(_)) => return Tried::Panicked,
            Ok(Ok(Err(error))) => return Tried::Failed(error),
            Ok(Ok(Ok(turn))) => turn,
        };
        let mut answers = Vec::with_capacity(jobs.len());
        let mut held = HashSet::<u64>::new();
        for (index, job) in jobs.iter().enumerate() {
            let waits = !held.is_empty() && job.keys.iter().any(|key| held.contains(key));
            let outcome = if waits {
                Outcome::NextTurn
            } else {
                let decide = || self.desk.decide(&mut turn, index, &job.operation);
                match catch_unwind(AssertUnwindSafe(decide)) {
                    Ok(outcome) => outcome,
                    Err(_) => return Tried::DecidePanicked(index),
                }
            };
            answers.push(match outcome {
                Outcome::Answered(answer) => Some(answer),
                Outcome::NextTurn => {
                    held.extend(&job.keys);
                    None
                }
            });
        }
        let commit = AssertUnwindSafe(async { self.desk.commit(turn).await }).catch_unwind();
        match timeout_at(deadline, commit).await {
            Err(_) => Tried::TimedOut,
            Ok(Err(_)) => Tried::Panicked,
            Ok(Ok(Err(error))) => Tried::Failed(error),
            Ok(Ok(Ok(()))) => Tried::Committed(answers),
        }
    }

    /// Tells the callers, and keeps those that wait for the next turn.
    fn answer(
        &mut self,
        jobs: Vec<Job<D>>,
        answers: Vec<Option<D::Answer>>,
        held: &mut HashSet<u64>,
        deferred: &mut Vec<Job<D>>,
    ) {
        self.counters.turns.increment();
        for (mut job, answer) in jobs.into_iter().zip(answers) {
            let Some(answer) = answer else {
                // Waiting behind the keys of another one is not its own doing and is bounded by that one.
                let waited = job.keys.iter().any(|key| held.contains(key));
                held.extend(&job.keys);
                job.deferrals += u32::from(!waited);
                if job.deferrals > self.limits.deferrals_max {
                    self.counters.busy.increment();
                    let _ = job.reply.send(Err(LaneError::Busy));
                } else {
                    self.counters.deferred.increment();
                    deferred.push(job);
                }
                continue;
            };
            self.counters.operations.increment();
            self.suspects.cleared(&job.keys);
            // A caller that has gone asks again under its request id.
            let _ = job.reply.send(Ok(answer));
        }
    }

    /// Halves a segment; one that stands alone is tried once more and then answered.
    fn split(&mut self, mut segment: Segment<D>, cause: &Cause<D::Error>, segments: &mut Vec<Segment<D>>) {
        if segment.jobs.len() == 1 {
            segment.alone_tries += 1;
            if segment.alone_tries < ALONE_TRIES_MAX {
                segments.push(segment);
            } else {
                segment.jobs.iter().for_each(|job| self.suspects.failed(&job.keys));
                self.fail(segment.jobs, cause);
            }
            return;
        }
        self.counters.halved.increment();
        let second = segment.jobs.split_off(segment.jobs.len() / 2);
        segments.push(Segment::new(second));
        segments.push(Segment::new(segment.jobs));
    }

    /// Sets the operation at `index`, which is known to be at fault, on its own, in its place in the order.
    fn isolate(&mut self, mut segment: Segment<D>, index: usize, segments: &mut Vec<Segment<D>>) {
        if segment.jobs.len() == 1 {
            self.split(segment, &Cause::Panic, segments);
            return;
        }
        self.counters.halved.increment();
        let after = segment.jobs.split_off(index + 1);
        let alone = segment.jobs.split_off(index);
        segments.extend([after, alone, segment.jobs].map(Segment::new));
    }

    /// Runs the segment again, the last time on a new connection.
    async fn retry(&mut self, mut segment: Segment<D>, error: D::Error, segments: &mut Vec<Segment<D>>) {
        let retries_max = if self.healthy { self.limits.turn_retries_max } else { 0 };
        if segment.retries + 1 >= retries_max {
            self.recover().await;
        }
        if segment.retries < retries_max {
            segment.retries += 1;
            self.counters.retried.increment();
            segments.push(segment);
        } else {
            self.healthy = false;
            self.fail(segment.jobs, &Cause::Error(error));
        }
    }

    async fn recover(&self) {
        self.counters.recovered.increment();
        let recover = AssertUnwindSafe(async { self.desk.recover().await }).catch_unwind();
        match timeout(self.limits.turn_deadline, recover).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => self.counters.panics.increment(),
            Err(_) => tracing::error!("a lane's desk did not recover in time"),
        }
    }

    fn fail(&self, jobs: Vec<Job<D>>, cause: &Cause<D::Error>) {
        self.counters.failed.add(jobs.len());
        for job in jobs {
            let error = match cause {
                Cause::Error(error) => LaneError::Failed(error.clone()),
                Cause::Panic => LaneError::Panicked,
                Cause::Deadline => LaneError::DeadlinePassed,
            };
            let _ = job.reply.send(Err(error));
        }
    }
}
