//! What the pool costs over the bare hash, and the bare hash over the C library's.
//!
//! `cargo bench -p kortisto-vault --bench pool` prints a table; `-- --json` prints JSON. Each round measures all
//! sides one after the other on the same machine, so that the ratios hold where the figures wander; the median
//! round counts. The C side is the command `argon2` (Debian package `argon2`), left out where it is missing: it
//! times one hash per run in fresh memory, which is its favour and its handicap.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use kortisto_vault::{CardBinding, HashCost, Keys, LengthRange, Pin, PinVault, PoolSize, SystemRandom};

const ROUNDS: usize = 7;
const HASHES_PER_THREAD: usize = 48;
/// Callers per hashing thread: enough that a thread never waits for one.
const CALLERS_PER_THREAD: usize = 4;
const COST: HashCost = HashCost::RECOMMENDED;
const GOAL_POOL: f64 = 0.9;
const GOAL_C: f64 = 1.2;

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let threads = PoolSize::default().threads;
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| Round::measure(threads)).collect();

    let pool = median(&rounds, |round| Some(round.pool_per_thread / round.bare_per_thread));
    let bare_ms = median(&rounds, |round| Some(1_000.0 / round.bare_per_thread));
    let c_ms = median(&rounds, |round| round.c_ms);
    let c = median(&rounds, |round| Some(round.c_ms? / (1_000.0 / round.bare_per_thread)));

    if json {
        let or_null =
            |value: Option<f64>| value.map_or_else(|| "null".to_owned(), |value| format!("{value:.3}"));
        println!(
            r#"{{"threads":{threads},"bare_ms":{},"c_ms":{},"pool_to_bare":{},"bare_to_c":{}}}"#,
            or_null(bare_ms),
            or_null(c_ms),
            or_null(pool),
            or_null(c)
        );
        return;
    }
    println!(
        "argon2id {} KiB, {} passes, {threads} hashing thread(s), median of {ROUNDS} rounds",
        COST.memory_kib, COST.passes
    );
    row("bare hash, ms", bare_ms, None);
    row("C argon2, ms", c_ms, None);
    row("pool / bare hash, per thread", pool, Some(GOAL_POOL));
    row("bare hash / C argon2, speed", c, Some(GOAL_C));
}

fn row(what: &str, value: Option<f64>, goal: Option<f64>) {
    let value_text = value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.2}"));
    let goal_text = match (value, goal) {
        (Some(value), Some(goal)) => {
            format!("goal >= {goal:.1}: {}", if value >= goal { "met" } else { "MISSED" })
        }
        _ => String::new(),
    };
    println!("{what:<30} {value_text:>12}  {goal_text}");
}

struct Round {
    /// Hashes per second and thread, argon2 called in a loop.
    bare_per_thread: f64,
    /// Verifications per second and thread through the pool.
    pool_per_thread: f64,
    /// One hash of the C library, in milliseconds.
    c_ms: Option<f64>,
}

impl Round {
    fn measure(threads: usize) -> Self {
        Self { bare_per_thread: bare(threads), pool_per_thread: pool(threads), c_ms: c() }
    }
}

fn bare(threads: usize) -> f64 {
    let run = |count: usize| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(move || {
                    let params =
                        Params::new(COST.memory_kib, COST.passes, COST.lanes, Some(32)).expect("valid");
                    let mut arena = vec![Block::new(); params.block_count()];
                    let pepper = [7; 32];
                    let argon2 =
                        Argon2::new_with_secret(&pepper, Algorithm::Argon2id, Version::V0x13, params)
                            .expect("valid");
                    let mut tag = [0; 32];
                    for _ in 0..count {
                        argon2
                            .hash_password_into_with_memory(
                                b"4827",
                                b"0123456789abcdef",
                                &mut tag,
                                &mut arena,
                            )
                            .expect("valid");
                    }
                    assert_ne!(tag, [0; 32]);
                });
            }
        });
    };
    run(1);
    let start = Instant::now();
    run(HASHES_PER_THREAD);
    HASHES_PER_THREAD as f64 / start.elapsed().as_secs_f64()
}

fn pool(threads: usize) -> f64 {
    let keys = Arc::new(Keys::ephemeral(&SystemRandom));
    let size = PoolSize { threads, queue_per_thread: PoolSize::QUEUE_PER_THREAD_DEFAULT };
    let vault = Arc::new(PinVault::start(keys, Arc::new(SystemRandom), COST, size));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let pin = || Pin::parse("4827", LengthRange::WIDEST).expect("a PIN");
    let card = CardBinding(1);
    runtime.block_on(async {
        let stored = vault.hash(pin(), card).await.expect("room");
        let callers = threads * CALLERS_PER_THREAD;
        let start = Instant::now();
        let tasks: Vec<_> = (0..callers)
            .map(|_| {
                let (vault, stored) = (Arc::clone(&vault), stored.clone());
                tokio::spawn(async move {
                    for _ in 0..HASHES_PER_THREAD / CALLERS_PER_THREAD {
                        let found = vault.verify(pin(), card, Some(stored.clone())).await.expect("room");
                        assert!(found.matches);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        HASHES_PER_THREAD as f64 / start.elapsed().as_secs_f64()
    })
}

/// The mean of several runs of the `argon2` command, by its own clock; `None` where there is no such command.
fn c() -> Option<f64> {
    const RUNS: u32 = 8;
    let mut seconds = 0.0;
    for _ in 0..RUNS {
        let mut child = Command::new("argon2")
            .args(["0123456789abcdef", "-id", "-v", "13", "-l", "32"])
            .args(["-k", &COST.memory_kib.to_string()])
            .args(["-t", &COST.passes.to_string()])
            .args(["-p", &COST.lanes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(b"4827").ok()?;
        let output = child.wait_with_output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let line = text.lines().find_map(|line| line.strip_suffix(" seconds"))?;
        seconds += line.trim().parse::<f64>().ok()?;
    }
    Some(seconds / f64::from(RUNS) * 1_000.0)
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = rounds.iter().filter_map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
