//! PIN verifications, and a flood of wrong PINs.

use super::Bench;
use crate::{
    caller, floors,
    library::size::CONNECTIONS,
    load::{Point, closed_loop},
    machine::{self, Meter},
    options::Measure,
    report::{Goal, Report, Row},
};
use kortisto_vault::{HashCost, PoolSize};
use std::sync::Arc;

/// Verifications of a hashing thread against the bare hash.
const HASH_GOAL: f64 = 0.9;

/// Door checks per second in the flood against those without.
const FLOOD_RATE_GOAL: f64 = 0.75;

/// Their 99th percentile against that without.
const FLOOD_P99_GOAL: f64 = 3.0;

/// Memory in the flood, in MiB, beside the arenas of the hashing threads.
const FLOOD_MIB_MAX: f64 = 100.0;

/// Connections of doors in the flood.
const DOORS: usize = 8;

/// Connections of those who flood.
const FLOODERS: usize = 64;

pub(super) async fn run(bench: &Bench<'_>, report: &mut Report) {
    if bench.options.wants(Measure::Authenticate) {
        authenticate(bench, report).await;
    }
    if bench.options.wants(Measure::Flood) {
        flood(bench, report).await;
    }
}

async fn authenticate(bench: &Bench<'_>, report: &mut Report) {
    let threads = PoolSize::default().threads;
    let mut rows = CONNECTIONS.map(|connections| {
        let row = Row::new("PIN verification / bare hash", bench.engine(), "/s")
            .at(connections)
            .against("argon2id in a loop, as many threads");
        if connections == 1 { row } else { row.goal(Goal::AtLeast(HASH_GOAL)) }
    });
    for _ in 0..bench.options.rounds() {
        let bare = floors::bare_hashes(bench.options.span().measured).await * threads as f64;
        for (connections, row) in CONNECTIONS.into_iter().zip(&mut rows) {
            row.point(&sign_ins(bench, connections).await, bare);
        }
    }
    rows.into_iter().for_each(|row| report.add(row));
}

async fn sign_ins(bench: &Bench<'_>, connections: usize) -> Point {
    let channels = Arc::clone(&bench.kiosks);
    closed_loop(&bench.meter, connections, bench.options.span(), move |caller, _| {
        caller::sign_in(channels[caller].clone(), 1 + caller as u64)
    })
    .await
}

async fn flood(bench: &Bench<'_>, report: &mut Report) {
    let row = |measure: &str, unit: &'static str| {
        Row::new(measure, bench.engine(), unit).at(DOORS).against("the same without a flood")
    };
    let mut rate = row("doors in a flood of wrong PINs / quiet", "/s").goal(Goal::AtLeast(FLOOD_RATE_GOAL));
    let mut p99 = row("their p99 / quiet", "ms").goal(Goal::AtMost(FLOOD_P99_GOAL));
    let mut guesses = Row::new("guesses answered in the flood", bench.engine(), "/s").at(FLOODERS);
    let threads = PoolSize::default().threads;
    let arenas = threads as f64 * f64::from(HashCost::RECOMMENDED.memory_kib) / 1024.0;
    let mut memory = Row::new("memory, peak in the flood", bench.engine(), "MiB")
        .goal(Goal::AtMost(FLOOD_MIB_MAX + arenas))
        .note(format!("of which {arenas:.0} MiB arenas; resident, of the server"));
    let library = &bench.library;
    let flooders: Arc<[_]> =
        library.devices.connect(library.devices.flooders(), FLOODERS, bench.server.port).await.into();
    for _ in 0..bench.options.rounds() {
        let quiet = bench.door_checks(DOORS).await;
        machine::forget_peak(bench.server.pid());
        let flooders = Arc::clone(&flooders);
        let flooding =
            closed_loop(&Meter { server: None, postmaster: None }, FLOODERS, bench.options.span(), {
                move |caller, nth| caller::guess(flooders[caller].clone(), caller, nth)
            });
        let (point, guessed) = tokio::join!(bench.door_checks(DOORS), flooding);
        rate.point(&point, quiet.rate);
        p99.round(point.p99_ms, quiet.p99_ms);
        guesses.value(guessed.rate);
        memory.value(machine::memory_mib(bench.server.pid()).1);
        // So that no device has spent its budget of wrong PINs in the next round.
        library.run("delete from pin_attempts").await;
        library.run("update devices set pin_suspended_at = null where pin_suspended_at is not null").await;
    }
    report.add(rate);
    report.add(p99);
    report.add(guesses);
    report.add(memory);
}
