//! Check-outs, returns and pick-ups, and a lone caller.

use super::Bench;
use crate::{
    caller,
    child::Server,
    floors,
    library::size::CONNECTIONS,
    load::{Point, closed_loop},
    machine::Meter,
    options::{Measure, Options},
    report::{Goal, Report, Row},
};
use kortisto_testkit::Engine;
use std::sync::Arc;
use tonic::transport::Channel;

/// Check-outs of the register through 64 connections, against the floor.
const CHECKOUT_GOAL: [(Engine, usize, f64); 3] =
    [(Engine::Postgres, 64, 1.3), (Engine::Postgres, 8, 0.45), (Engine::Sqlite, 64, 1.5)];

/// Against the same check-out written entity by entity, at 64 connections.
const ENTITIES_GOAL: f64 = 5.0;

/// Returns and pick-ups against check-outs, at 64 connections.
const OTHERS_GOAL: f64 = 0.8;

/// Time of a lone caller against that of one function of the database.
const LONE_GOAL: f64 = 1.6;

/// The wanted rows, filled round by round.
struct Rows {
    checkout: [Row; 3],
    take_back: [Row; 3],
    pick_up: [Row; 3],
    entities: Row,
    lone: Row,
}

impl Rows {
    fn new(bench: &Bench<'_>) -> Self {
        let (engine, name) = (bench.library.engine, bench.engine());
        let others = |measure: &str| {
            CONNECTIONS.map(|connections| {
                let row = Row::new(bench.measure(measure), name, "/s")
                    .at(connections)
                    .against("check-outs at as many connections");
                if connections == 64 { row.goal(Goal::AtLeast(OTHERS_GOAL)) } else { row }
            })
        };
        let checkout = CONNECTIONS.map(|connections| {
            let row = Row::new(bench.measure("check-out / floor"), name, "/s")
                .at(connections)
                .against(floors::name(engine));
            let goal = CHECKOUT_GOAL.iter().find(|(of, at, _)| *of == engine && *at == connections);
            if let Some((.., goal)) = goal { row.goal(Goal::AtLeast(*goal)) } else { row }
        });
        Self {
            checkout,
            take_back: others("return / check-out"),
            pick_up: others("pick-up / check-out"),
            entities: Row::new(bench.measure("check-out / entity calls"), name, "/s")
                .at(64)
                .against("sea-orm entities through gRPC")
                .goal(Goal::AtLeast(ENTITIES_GOAL)),
            lone: Row::new(bench.measure("lone check-out, p50 / function"), name, "ms")
                .at(1)
                .against("one function through gRPC")
                .goal(Goal::AtMost(LONE_GOAL)),
        }
    }
}

/// Whether anything of this file is wanted on the engine.
pub(super) fn is_wanted(options: &Options, engine: Engine) -> bool {
    let others = [Measure::Checkout, Measure::Return, Measure::Pickup, Measure::Entities];
    is_lone_wanted(options, engine) || options.wants_any(&others)
}

fn is_lone_wanted(options: &Options, engine: Engine) -> bool {
    options.wants(Measure::Lone) && engine == Engine::Postgres
}

pub(super) async fn run(bench: &Bench<'_>, report: &mut Report) {
    let options = bench.options;
    if !is_wanted(options, bench.library.engine) {
        return;
    }
    let lone = is_lone_wanted(options, bench.library.engine);
    let baselines = Server::start_baselines(&bench.library).await;
    let kiosks = &bench.library.devices;
    let by_entities: Arc<[Channel]> = baselines.kiosks(&bench.library).await.into();
    let by_function: Arc<[Channel]> =
        kiosks.connect(kiosks.kiosks(), 1, baselines.other_ports[0]).await.into();
    let baseline_meter = Meter { server: Some(baselines.pid()), ..bench.meter };
    let mut rows = Rows::new(bench);
    for _ in 0..options.rounds() {
        bench.library.restock().await;
        let mut check_outs = [Point::default(), Point::default(), Point::default()];
        for (connections, point) in CONNECTIONS.into_iter().zip(&mut check_outs) {
            *point = bench.check_outs(&bench.kiosks, &bench.meter, connections).await;
        }
        if options.wants(Measure::Checkout) {
            let floor = floors::check_outs(&bench.library, options.span()).await;
            rows.checkout.iter_mut().zip(&check_outs).for_each(|(row, point)| row.point(point, floor));
        }
        if options.wants(Measure::Entities) {
            let floor = bench.check_outs(&by_entities, &baseline_meter, 64).await;
            rows.entities.point(&check_outs[2], floor.rate);
        }
        if lone {
            let floor = bench.check_outs(&by_function, &baseline_meter, 1).await;
            rows.lone.round(check_outs[0].p50_ms, floor.p50_ms);
        }
        for ((connections, of), index) in CONNECTIONS.into_iter().zip(&check_outs).zip(0..) {
            if options.wants(Measure::Return) {
                rows.take_back[index].point(&returns(bench, connections).await, of.rate);
            }
            if options.wants(Measure::Pickup) {
                rows.pick_up[index].point(&pick_ups(bench, connections).await, of.rate);
            }
        }
    }
    let wanted = [
        (Measure::Checkout, rows.checkout.into_iter().collect::<Vec<_>>()),
        (Measure::Entities, vec![rows.entities]),
        (Measure::Return, rows.take_back.into_iter().collect()),
        (Measure::Pickup, rows.pick_up.into_iter().collect()),
    ];
    for (measure, rows) in wanted {
        if options.wants(measure) {
            rows.into_iter().for_each(|row| report.add(row));
        }
    }
    if lone {
        report.add(rows.lone);
    }
}

async fn returns(bench: &Bench<'_>, connections: usize) -> Point {
    let (channels, library) = (Arc::clone(&bench.kiosks), Arc::clone(&bench.library));
    closed_loop(&bench.meter, connections, bench.options.span(), move |caller, _| {
        caller::take_back(channels[caller].clone(), library.take_lent())
    })
    .await
}

async fn pick_ups(bench: &Bench<'_>, connections: usize) -> Point {
    let (channels, library) = (Arc::clone(&bench.kiosks), Arc::clone(&bench.library));
    closed_loop(&bench.meter, connections, bench.options.span(), move |caller, nth| {
        let (channel, library) = (channels[caller].clone(), Arc::clone(&library));
        async move {
            let number = caller as u64 + nth * connections as u64;
            caller::pick_up(channel, &library, number, connections).await
        }
    })
    .await
}
