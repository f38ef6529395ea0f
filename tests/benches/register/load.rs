//! A closed loop: each caller asks again when it has its answer.

use crate::machine::{Cpu, Meter};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// How long a point takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
    /// How long a caller waits between an answer and the next question.
    pub(crate) pause: Duration,
}

/// How an answer was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// What the measure is about.
    Expected,
    /// Anything else, in a few words. A point with many of them measures something else than it says.
    Otherwise(String),
}

impl Said {
    /// Expected, or otherwise in these words.
    pub(crate) fn if_so(expected: bool, otherwise: &str) -> Self {
        if expected { Self::Expected } else { Self::Otherwise(otherwise.to_owned()) }
    }
}

/// What one closed loop came to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Point {
    /// Expected answers per second.
    pub(crate) rate: f64,
    /// Median time of an answer, in milliseconds.
    pub(crate) p50_ms: f64,
    /// 95th percentile, in milliseconds.
    pub(crate) p95_ms: f64,
    /// 99th percentile, in milliseconds.
    pub(crate) p99_ms: f64,
    /// Answers that were not as expected, warm-up included.
    pub(crate) otherwise: u64,
    /// The first of them.
    pub(crate) first_otherwise: Option<String>,
    /// CPU per expected answer.
    pub(crate) cpu: Cpu,
}

/// Runs `callers` loops at once. `ask` gets the caller's number and how often it has asked before.
pub(crate) async fn closed_loop<F>(
    meter: &Meter,
    callers: usize,
    span: Span,
    ask: impl Fn(usize, u64) -> F + Send + Sync + 'static,
) -> Point
where
    F: Future<Output = Said> + Send,
{
    let ask = Arc::new(ask);
    let otherwise = Arc::new(AtomicU64::new(0));
    let first_otherwise = Arc::new(OnceLock::new());
    let from = Instant::now() + span.warm_up;
    let until = from + span.measured;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (ask, otherwise) = (Arc::clone(&ask), Arc::clone(&otherwise));
            let first_otherwise = Arc::clone(&first_otherwise);
            tokio::spawn(async move {
                let mut micros: Vec<u32> = Vec::with_capacity(16 * 1024);
                for nth in 0.. {
                    let start = Instant::now();
                    if start >= until {
                        break;
                    }
                    let said = ask(caller, nth).await;
                    let end = Instant::now();
                    if let Said::Otherwise(words) = said {
                        otherwise.fetch_add(1, Relaxed);
                        first_otherwise.get_or_init(|| words);
                    } else if end >= from && end <= until {
                        micros.push(u32::try_from((end - start).as_micros()).unwrap_or(u32::MAX));
                    }
                    if !span.pause.is_zero() {
                        tokio::time::sleep(span.pause).await;
                    }
                }
                micros
            })
        })
        .collect();
    tokio::time::sleep_until(from.into()).await;
    let before = meter.read();
    tokio::time::sleep_until(until.into()).await;
    let used = meter.read().since(before);
    let mut micros = Vec::new();
    for task in tasks {
        micros.extend(task.await.expect("a caller does not panic"));
    }
    micros.sort_unstable();
    let at = |share: f64| {
        let place = (micros.len() as f64 * share) as usize;
        micros.get(place.min(micros.len().saturating_sub(1))).map_or(0.0, |found| f64::from(*found) / 1000.0)
    };
    Point {
        rate: micros.len() as f64 / span.measured.as_secs_f64(),
        p50_ms: at(0.50),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        otherwise: otherwise.load(Relaxed),
        first_otherwise: first_otherwise.get().cloned(),
        cpu: used.per(micros.len()),
    }
}
