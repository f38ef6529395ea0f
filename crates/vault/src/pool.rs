//! Where PINs and passwords are hashed: a few threads of their own, each with its own memory, behind a bounded queue.
//!
//! One check keeps a core busy for about 16 ms. Done on the server's own threads, a handful of wrong PINs would
//! stop every door; on unbounded blocking threads, 64 logins at once took 7 GB and left cheap calls a fiftieth of
//! their rate. So: one thread fewer than the machine has cores, no lowered priority (it only makes the stalls
//! longer), and a queue of about half a second's work. When that is full, the caller is told at once to come
//! back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::hash_cost::HashCost;
use crate::keys::Keys;
use crate::queue::Queue;
use crate::random::Random;
use crate::secret::{Owner, Presented, Secret};
use crate::stored_pin::StoredPin;
use crate::verifier::{Verification, Verifier};

/// How many threads hash, and how much may wait for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Hashing threads. Zero counts as one.
    pub threads: usize,
    /// Jobs that may wait, per thread. Zero counts as one.
    pub queue_per_thread: usize,
}

impl PoolSize {
    /// Jobs that wait for one thread: half a second's work at [`HashCost::RECOMMENDED`].
    pub const QUEUE_PER_THREAD_DEFAULT: usize = 32;

    /// All cores but one, so that everything that is not a PIN goes on.
    #[must_use]
    pub const fn for_cores(cores: usize) -> Self {
        let threads = if cores > 1 { cores - 1 } else { 1 };
        Self { threads, queue_per_thread: Self::QUEUE_PER_THREAD_DEFAULT }
    }
}

impl Default for PoolSize {
    /// For the cores this process may use.
    fn default() -> Self {
        Self::for_cores(thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}

/// The vault did not do the job: its queue is full, it is being shut down, or the job failed inside. Nothing was
/// found out about the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the PIN check is overloaded; try again in {} ms", retry_after.as_millis())]
pub struct VaultBusy {
    /// When it is worth trying again.
    pub retry_after: Duration,
}

/// Checks and hashes PINs and passwords. Share it in an `Arc`; dropping it ends its threads.
pub struct PinVault {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Queue<Job>,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    verified: AtomicU64,
    hashed: AtomicU64,
    shed: AtomicU64,
    skipped: AtomicU64,
    unreadable: AtomicU64,
    panicked: AtomicU64,
}

enum Job {
    Verify {
        secret: Presented,
        owner: Owner,
        stored: Option<StoredPin>,
        reply: oneshot::Sender<Verification>,
    },
    Hash {
        secret: Presented,
        owner: Owner,
        reply: oneshot::Sender<StoredPin>,
    },
}

impl PinVault {
    /// When a full queue has been worked off: what [`VaultBusy`] advises, in milliseconds.
    pub const RETRY_AFTER_MS: u64 = 500;

    /// Starts the threads. Each takes its memory with its first job.
    ///
    /// # Panics
    /// When `cost` is not [`HashCost::checked`], or the operating system gives no thread: both at start-up only.
    #[must_use]
    pub fn start(keys: Arc<Keys>, random: Arc<dyn Random>, cost: HashCost, size: PoolSize) -> Self {
        let cost = cost.checked().expect("the PIN hash cost must be within its bounds");
        let threads = size.threads.max(1);
        let capacity = threads.saturating_mul(size.queue_per_thread.max(1));
        let shared = Arc::new(Shared { queue: Queue::new(capacity), counters: Counters::default() });
        let first = Verifier::new(keys, random, cost);
        let threads = (0..threads)
            .map(|number| {
                let shared = Arc::clone(&shared);
                let verifier = first.another();
                thread::Builder::new()
                    .name(format!("pin-vault-{number}"))
                    .spawn(move || shared.work(verifier))
                    .expect("the operating system must give the PIN vault its threads")
            })
            .collect();
        Self { shared, threads }
    }

    /// Checks `secret` against what is stored for `owner`. `None`, for one that is not there, takes the same work
    /// and never matches; never answer without calling this.
    ///
    /// A caller that drops the future before its turn costs no hash. The attempt must be counted before the call
    /// (threat 3): this does not know how often it was asked.
    ///
    /// # Errors
    /// [`VaultBusy`]: nothing was checked.
    pub async fn verify<S: Secret>(
        &self,
        secret: S,
        owner: S::Owner,
        stored: Option<StoredPin>,
    ) -> Result<Verification, VaultBusy> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Verify { secret: secret.into(), owner: owner.into(), stored, reply })?;
        answer.await.map_err(|_| VaultBusy::NOW)
    }

    /// Hashes a new secret for `owner`.
    ///
    /// # Errors
    /// [`VaultBusy`]: nothing was hashed.
    pub async fn hash<S: Secret>(&self, secret: S, owner: S::Owner) -> Result<StoredPin, VaultBusy> {
        let (reply, answer) = oneshot::channel();
        self.submit(Job::Hash { secret: secret.into(), owner: owner.into(), reply })?;
        answer.await.map_err(|_| VaultBusy::NOW)
    }

    /// Hashes a new secret and waits for it, also for room in the queue: for imports. Call it from as many threads as
    /// there are hashing threads to keep them all busy.
    ///
    /// # Errors
    /// [`VaultBusy`] only when the vault is being shut down or the job failed inside.
    ///
    /// # Panics
    /// Inside an async task, which it would block.
    pub fn hash_now<S: Secret>(&self, secret: S, owner: S::Owner) -> Result<StoredPin, VaultBusy> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Hash { secret: secret.into(), owner: owner.into(), reply };
        self.shared.queue.push(job).map_err(|_| VaultBusy::NOW)?;
        answer.blocking_recv().map_err(|_| VaultBusy::NOW)
    }

    /// Takes no more jobs and drops those that wait; their callers get [`VaultBusy`]. Jobs under way finish.
    pub fn shutdown(&self) {
        self.shared.queue.close();
    }

    /// [`VaultBusy`] when a job that came now would be refused, counted as one that was. Asked before an attempt is
    /// counted, so that what cannot be verified costs nothing else.
    ///
    /// # Errors
    /// [`VaultBusy`].
    pub fn has_room(&self) -> Result<(), VaultBusy> {
        if !self.shared.queue.is_full() {
            return Ok(());
        }
        self.shared.counters.shed.fetch_add(1, Ordering::Relaxed);
        Err(VaultBusy::NOW)
    }

    /// Jobs waiting now.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.shared.queue.len()
    }

    /// Checks done since the start, whatever they found. Each took one hash, two where it gave a replacement.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.shared.counters.verified.load(Ordering::Relaxed)
    }

    /// New PINs hashed since the start.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.shared.counters.hashed.load(Ordering::Relaxed)
    }

    /// Jobs refused since the start because the queue was full.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shared.counters.shed.load(Ordering::Relaxed)
    }

    /// Jobs skipped since the start because their caller had gone.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.shared.counters.skipped.load(Ordering::Relaxed)
    }

    /// Checks since the start whose stored PIN could not be read. Anything but zero wants an operator.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.shared.counters.unreadable.load(Ordering::Relaxed)
    }

    /// Jobs since the start that failed inside. Anything but zero is a defect of the program.
    #[must_use]
    pub fn panicked(&self) -> u64 {
        self.shared.counters.panicked.load(Ordering::Relaxed)
    }

    fn submit(&self, job: Job) -> Result<(), VaultBusy> {
        self.shared.queue.try_push(job).map_err(|_| {
            count(&self.shared.counters.shed);
            VaultBusy::NOW
        })
    }
}

impl Drop for PinVault {
    /// Waits for the jobs under way, at most two hashes per thread.
    fn drop(&mut self) {
        self.shutdown();
        for thread in self.threads.drain(..) {
            // A thread catches what its jobs throw, so there is no panic to carry on.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for PinVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PinVault")
            .field("threads", &self.threads.len())
            .field("depth", &self.depth())
            .finish_non_exhaustive()
    }
}

impl VaultBusy {
    const NOW: Self = Self { retry_after: Duration::from_millis(PinVault::RETRY_AFTER_MS) };
}

impl Shared {
    fn work(&self, mut verifier: Verifier) {
        while let Some(job) = self.queue.pop() {
            if job.is_abandoned() {
                count(&self.counters.skipped);
            } else if catch_unwind(AssertUnwindSafe(|| self.run(job, &mut verifier))).is_err() {
                // The job's reply went with it, so its caller knows. The verifier is whole: the next hash
                // overwrites the memory it needs.
                count(&self.counters.panicked);
            }
        }
    }

    /// A reply that nobody waits for any more is lost without harm.
    fn run(&self, job: Job, verifier: &mut Verifier) {
        match job {
            Job::Verify { secret, owner, stored, reply } => {
                let verification = verifier.verify(&secret, owner, stored.as_ref());
                count(&self.counters.verified);
                if verification.fault.is_some() {
                    count(&self.counters.unreadable);
                }
                let _ = reply.send(verification);
            }
            Job::Hash { secret, owner, reply } => {
                let stored = verifier.hash(&secret, owner);
                count(&self.counters.hashed);
                let _ = reply.send(stored);
            }
        }
    }
}

impl Job {
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Verify { reply, .. } => reply.is_closed(),
            Self::Hash { reply, .. } => reply.is_closed(),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
