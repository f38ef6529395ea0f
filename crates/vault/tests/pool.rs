//! The pool from outside: what happens when it is full, abandoned, broken or gone.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use kortisto_vault::{
    CardBinding, HashCost, Keys, LengthRange, Pin, PinVault, PoolSize, Random, SeededRandom, StoredPin,
    Verification,
};

const CARD: CardBinding = CardBinding(41);
const ONE_THREAD_TWO_WAITING: PoolSize = PoolSize { threads: 1, queue_per_thread: 2 };

fn pin(text: &str) -> Pin {
    Pin::parse(text, LengthRange::WIDEST).unwrap()
}

fn keys() -> Arc<Keys> {
    Arc::new(Keys::ephemeral(&SeededRandom::new(1)))
}

fn start(random: Arc<dyn Random>, size: PoolSize) -> PinVault {
    PinVault::start(keys(), random, HashCost::CHEAP_FOR_TESTS, size)
}

/// Randomness that the hashing thread has to wait for: holds a job inside the pool for as long as a test likes.
#[derive(Default)]
struct Gate {
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Gate {
    fn open(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }

    fn wait_for_someone(&self) {
        let mut state = self.state.lock().unwrap();
        while state.1 == 0 {
            state = self.changed.wait(state).unwrap();
        }
    }
}

impl Random for Gate {
    fn fill(&self, out: &mut [u8]) {
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        self.changed.notify_all();
        while !state.0 {
            state = self.changed.wait(state).unwrap();
        }
        out.fill(9);
    }
}

/// A vault whose one thread is held at the gate by a job of its own.
fn held() -> (Arc<PinVault>, Arc<Gate>, tokio::task::JoinHandle<()>) {
    let gate = Arc::new(Gate::default());
    let vault = Arc::new(start(Arc::<Gate>::clone(&gate), ONE_THREAD_TWO_WAITING));
    let holder = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { drop(vault.hash(pin("4827"), CARD).await) }
    });
    (vault, gate, holder)
}

async fn wait_until(what: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("waited two seconds in vain");
}

#[tokio::test]
async fn it_hashes_and_verifies() {
    let vault = start(Arc::new(SeededRandom::new(2)), PoolSize::default());
    let stored = vault.hash(pin("4827"), CARD).await.unwrap();
    let right = vault.verify(pin("4827"), CARD, Some(stored.clone())).await.unwrap();
    assert_eq!(right, Verification { matches: true, replacement: None, fault: None });
    assert!(!vault.verify(pin("4828"), CARD, Some(stored)).await.unwrap().matches);
    assert!(!vault.verify(pin("4827"), CARD, None).await.unwrap().matches);
    assert_eq!((vault.hashed(), vault.verified(), vault.unreadable()), (1, 3, 0));
}

#[tokio::test]
async fn an_unreadable_row_is_no_match_and_is_counted() {
    let vault = start(Arc::new(SeededRandom::new(3)), PoolSize::default());
    let rows = [
        StoredPin { scheme: 1, key_id: 1, hash: vec![] },
        StoredPin { scheme: 1, key_id: 1, hash: vec![7; StoredPin::HASH_BYTES] },
        StoredPin { scheme: 1, key_id: 9, hash: vec![7; StoredPin::HASH_BYTES] },
        StoredPin { scheme: -1, key_id: -1, hash: vec![7; 100_000] },
    ];
    let count = rows.len() as u64;
    for row in rows {
        let found = vault.verify(pin("4827"), CARD, Some(row)).await.unwrap();
        assert!(!found.matches && found.replacement.is_none() && found.fault.is_some());
    }
    assert_eq!((vault.unreadable(), vault.panicked()), (count, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_so_at_once() {
    let (vault, gate, holder) = held();
    tokio::task::spawn_blocking({
        let gate = Arc::clone(&gate);
        move || gate.wait_for_someone()
    })
    .await
    .unwrap();

    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let vault = Arc::clone(&vault);
            tokio::spawn(async move { vault.verify(pin("4827"), CARD, None).await })
        })
        .collect();
    wait_until(|| vault.depth() == 2).await;

    let busy = vault.verify(pin("4827"), CARD, None).await.unwrap_err();
    assert_eq!(busy.retry_after, Duration::from_millis(500));
    assert!(vault.hash(pin("4827"), CARD).await.is_err());
    assert_eq!((vault.shed(), vault.depth()), (2, 2));

    gate.open();
    for answer in waiting {
        assert!(!answer.await.unwrap().unwrap().matches);
    }
    holder.await.unwrap();
    assert_eq!((vault.verified(), vault.shed(), vault.depth()), (2, 2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_gone_before_the_turn_costs_no_hash() {
    let (vault, gate, holder) = held();
    wait_until(|| gate.state.lock().unwrap().1 > 0).await;
    let gone = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.verify(pin("4827"), CARD, None).await }
    });
    wait_until(|| vault.depth() == 1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());

    gate.open();
    holder.await.unwrap();
    wait_until(|| vault.skipped() == 1).await;
    assert_eq!(vault.verified(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_answers_those_who_wait_and_those_who_come_later() {
    let (vault, gate, holder) = held();
    wait_until(|| gate.state.lock().unwrap().1 > 0).await;
    let waiting = tokio::spawn({
        let vault = Arc::clone(&vault);
        async move { vault.verify(pin("4827"), CARD, None).await }
    });
    wait_until(|| vault.depth() == 1).await;
    vault.shutdown();
    assert!(waiting.await.unwrap().is_err());
    assert!(vault.verify(pin("4827"), CARD, None).await.is_err());
    gate.open();
    holder.await.unwrap();
}

#[tokio::test]
async fn a_job_that_panics_harms_only_itself() {
    struct BrokenOnce(Mutex<bool>, SeededRandom);
    impl Random for BrokenOnce {
        fn fill(&self, out: &mut [u8]) {
            let first = std::mem::replace(&mut *self.0.lock().unwrap(), false);
            assert!(!first, "broken on purpose");
            self.1.fill(out);
        }
    }
    let random = Arc::new(BrokenOnce(Mutex::new(true), SeededRandom::new(4)));
    let vault = start(random, ONE_THREAD_TWO_WAITING);
    assert!(vault.hash(pin("4827"), CARD).await.is_err());
    let stored = vault.hash(pin("4827"), CARD).await.unwrap();
    assert!(vault.verify(pin("4827"), CARD, Some(stored)).await.unwrap().matches);
    assert_eq!(vault.panicked(), 1);
}

#[test]
fn an_import_waits_for_room_and_loses_nothing() {
    let vault = start(Arc::new(SeededRandom::new(5)), PoolSize { threads: 2, queue_per_thread: 1 });
    std::thread::scope(|scope| {
        for thread in 0..4_i64 {
            let vault = &vault;
            scope.spawn(move || {
                for card in 0..50 {
                    vault.hash_now(pin("4827"), CardBinding(thread * 50 + card)).unwrap();
                }
            });
        }
    });
    assert_eq!((vault.hashed(), vault.shed()), (200, 0));
    vault.shutdown();
    assert!(vault.hash_now(pin("4827"), CARD).is_err());
}

#[tokio::test]
async fn dropping_the_vault_ends_its_threads() {
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(6));
    let vault = start(Arc::clone(&random), PoolSize { threads: 3, queue_per_thread: 1 });
    vault.hash(pin("4827"), CARD).await.unwrap();
    assert!(Arc::strong_count(&random) > 1);
    drop(vault);
    // Each thread held the source; now only the test does.
    assert_eq!(Arc::strong_count(&random), 1);
}

#[tokio::test]
async fn the_recommended_cost_works_and_old_rows_move_to_it() {
    let keys = keys();
    let one_thread = PoolSize { threads: 1, queue_per_thread: 4 };
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
    let cheap =
        PinVault::start(Arc::clone(&keys), Arc::clone(&random), HashCost::CHEAP_FOR_TESTS, one_thread);
    let old = cheap.hash(pin("4827"), CARD).await.unwrap();
    let real = PinVault::start(keys, random, HashCost::RECOMMENDED, one_thread);
    let new = real.verify(pin("4827"), CARD, Some(old)).await.unwrap().replacement.unwrap();
    let found = real.verify(pin("4827"), CARD, Some(new.clone())).await.unwrap();
    assert_eq!(found, Verification { matches: true, replacement: None, fault: None });
    assert!(!real.verify(pin("4828"), CARD, Some(new)).await.unwrap().matches);
}
