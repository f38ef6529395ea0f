//! Memory stays flat at the real cost. Alone in its binary, because it looks at the whole process.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::sync::Arc;

use kortisto_vault::{CardBinding, HashCost, Keys, Pin, PinVault, PoolSize, SeededRandom};

/// The most the process may have held, in KiB: one thread's 19 MiB and the test itself. argon2's allocating call
/// needs over 200 MiB for the same work.
const PEAK_KIB_MAX: u64 = 64 * 1024;
const HASHES: i64 = 25;

fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn twenty_five_hashes_take_the_memory_of_one() {
    let random = Arc::new(SeededRandom::new(1));
    let keys = Arc::new(Keys::ephemeral(&*random));
    let size = PoolSize { threads: 1, queue_per_thread: 1 };
    let vault = PinVault::start(keys, Arc::<SeededRandom>::clone(&random), HashCost::RECOMMENDED, size);
    let idle = status_kib("VmRSS");
    for card in 0..HASHES {
        vault.hash_now(Pin::random(&*random, 4), CardBinding(card)).unwrap();
    }
    let peak = status_kib("VmHWM");
    assert!(peak > idle + 19_000, "the hash did not use its memory: {idle} to {peak} KiB");
    assert!(peak < PEAK_KIB_MAX, "{peak} KiB");
}
