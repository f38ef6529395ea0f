//! Many callers on one item, and on one patron.

use super::Bench;
use crate::{
    caller::{self, session_at},
    library::size::SESSIONS,
    load::{Point, Said, closed_loop},
    options::Measure,
    report::{Goal, Report, Row},
};
use std::sync::Arc;

/// Callers.
const CALLERS: usize = 64;

/// Against callers who do not meet.
const GOAL: f64 = 0.5;

pub(super) async fn run(bench: &Bench<'_>, report: &mut Report) {
    if !bench.options.wants(Measure::Contention) {
        return;
    }
    let row = |measure: &str| {
        Row::new(measure, bench.engine(), "/s")
            .at(CALLERS)
            .against("check-outs and returns, each caller another patron and item")
            .goal(Goal::AtLeast(GOAL))
    };
    let (mut item, mut patron) =
        (row("64 callers on one item / apart"), row("64 callers on one patron / apart"));
    for _ in 0..bench.options.rounds() {
        bench.library.restock().await;
        let apart = in_turn(bench, |caller, nth| session_at(caller, nth / 2)).await;
        item.point(&one_item(bench).await, apart.rate);
        patron.point(&in_turn(bench, |caller, _| SESSIONS + caller as u64).await, apart.rate);
    }
    report.add(item);
    report.add(patron);
}

/// Each caller lends an item of its own and brings it back, in turn.
async fn in_turn(bench: &Bench<'_>, session: impl Fn(usize, u64) -> u64 + Send + Sync + 'static) -> Point {
    let channels = Arc::clone(&bench.kiosks);
    let first = bench.library.set_free_aside(CALLERS as u64) + 1;
    closed_loop(&bench.meter, CALLERS, bench.options.span(), move |caller, nth| {
        let (channel, item) = (channels[caller].clone(), first + caller as u64);
        let session = session(caller, nth);
        async move {
            if nth % 2 == 0 {
                caller::check_out(channel, session, item).await
            } else {
                caller::take_back(channel, item).await
            }
        }
    })
    .await
}

/// All try to lend the same item; whoever gets it brings it back. Two answers to who gets it count as one.
async fn one_item(bench: &Bench<'_>) -> Point {
    let channels = Arc::clone(&bench.kiosks);
    let item = bench.library.set_free_aside(1) + 1;
    closed_loop(&bench.meter, CALLERS, bench.options.span(), move |caller, nth| {
        let channel = channels[caller].clone();
        async move {
            let barcode = crate::library::size::barcode(item);
            match caller::granted_or_refused(channel.clone(), session_at(caller, nth), barcode).await {
                Ok(Said::Expected) => caller::take_back(channel, item).await,
                Ok(Said::Otherwise(_)) => Said::Expected,
                Err(status) => Said::Otherwise(status.to_string()),
            }
        }
    })
    .await
}
