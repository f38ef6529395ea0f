//! One request in a hundred that cannot be carried out, among those that can.

use super::Bench;
use crate::{
    caller::{self, session_at},
    library::size::barcode,
    load::{Point, Said, closed_loop},
    options::Measure,
    report::{Goal, Report, Row},
};
use kortisto_testkit::Engine;
use std::sync::Arc;

/// Callers.
const CALLERS: usize = 64;

/// One request in so many is poisoned.
const ONE_IN: u64 = 100;

/// Against requests that are all clean.
const GOAL: f64 = 0.9;

pub(super) async fn run(bench: &Bench<'_>, report: &mut Report) {
    if !bench.options.wants(Measure::Poison) {
        return;
    }
    let row = |measure: &str| {
        Row::new(measure, bench.engine(), "/s")
            .at(CALLERS)
            .against("clean check-outs")
            .goal(Goal::AtLeast(GOAL))
    };
    let mut read = row("1 in 100 cannot be read / clean")
        .note("the item's row has a state that this version does not know");
    let mut write = row("1 in 100 cannot be written / clean").note("the database refuses the item's loan");
    let unreadable = bench.library.size.items() + 1;
    let refused = unreadable + 1;
    for (item, state) in [(unreadable, 99), (refused, 1)] {
        let insert = format!(
            "insert into items (id, barcode, title_id, home_branch_id, collection, state, at_branch_id) \
             values ({item}, '{}', 1, 1, 'aikuiset', {state}, 1)",
            barcode(item)
        );
        bench.library.run(&insert).await;
    }
    for statement in refusing(bench.library.engine, refused) {
        bench.library.run(&statement).await;
    }
    for _ in 0..bench.options.rounds() {
        bench.library.restock().await;
        let clean = bench.check_outs(&bench.kiosks, &bench.meter, CALLERS).await;
        read.point(&poisoned(bench, unreadable).await, clean.rate);
        write.point(&poisoned(bench, refused).await, clean.rate);
    }
    report.add(read);
    report.add(write);
}

/// A trigger that refuses the loan of one item. It stays: it costs the others nothing.
fn refusing(engine: Engine, item: u64) -> Vec<String> {
    match engine {
        Engine::Postgres => vec![
            "create function bench_refuse() returns trigger language plpgsql as \
             $$ begin raise exception 'refused'; end $$"
                .to_owned(),
            format!(
                "create trigger bench_refuse before insert on open_loans for each row \
                 when (new.item_id = {item}) execute function bench_refuse()"
            ),
        ],
        Engine::Sqlite => vec![format!(
            "create trigger bench_refuse before insert on open_loans when new.item_id = {item} \
             begin select raise(abort, 'refused'); end"
        )],
    }
}

async fn poisoned(bench: &Bench<'_>, item: u64) -> Point {
    let (channels, library) = (Arc::clone(&bench.kiosks), Arc::clone(&bench.library));
    closed_loop(&bench.meter, CALLERS, bench.options.span(), move |caller, nth| {
        let (channel, library) = (channels[caller].clone(), Arc::clone(&library));
        async move {
            let session = session_at(caller, nth);
            // Each caller begins elsewhere, so that poison is spread over the turns.
            if (nth + caller as u64 * 37).is_multiple_of(ONE_IN) {
                let refused = caller::granted_or_refused(channel, session, barcode(item)).await;
                Said::if_so(refused.is_err(), "poison was answered")
            } else {
                caller::check_out(channel, session, library.take_free()).await
            }
        }
    })
    .await
}
