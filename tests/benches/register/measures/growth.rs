//! Many patrons against few.

use super::{Bench, name};
use crate::{
    child::Server,
    library::{Library, Shelf, size::Size},
    options::Options,
    report::{Goal, Report, Row},
};
use kortisto_testkit::Engine;

/// Connections.
const CONNECTIONS: usize = 64;

/// Patrons of the library that the others are compared with.
const FEW: u64 = 1_000;

/// Patrons of a consortium.
const MANY: u64 = 100_000;

/// Patrons of the largest.
const VERY_MANY: u64 = 1_000_000;

/// Against few patrons.
const GOAL: f64 = 0.8;

pub(super) async fn run(shelf: &Shelf, options: &Options, report: &mut Report) {
    let larger: &[(u64, &str)] =
        if options.full { &[(MANY, "100k"), (VERY_MANY, "1M")] } else { &[(MANY, "100k")] };
    let engine = match shelf {
        Shelf::Sqlite => Engine::Sqlite,
        Shelf::Postgres(_) => Engine::Postgres,
    };
    let few = open(shelf, options, FEW).await;
    for (patrons, shown) in larger {
        let many = open(shelf, options, *patrons).await;
        let row = |what: &str| {
            Row::new(format!("{what}, {shown} patrons / 1k"), name(engine), "/s")
                .at(CONNECTIONS)
                .against("1 000 patrons")
                .goal(Goal::AtLeast(GOAL))
        };
        let (mut doors, mut check_outs) = (row("doors"), row("check-outs"));
        for _ in 0..options.rounds() {
            let floor = few.door_checks(CONNECTIONS).await;
            doors.point(&many.door_checks(CONNECTIONS).await, floor.rate);
            few.library.restock().await;
            many.library.restock().await;
            let floor = few.check_outs(&few.kiosks, &few.meter, CONNECTIONS).await;
            check_outs.point(&many.check_outs(&many.kiosks, &many.meter, CONNECTIONS).await, floor.rate);
        }
        report.add(doors);
        report.add(check_outs);
    }
}

async fn open<'a>(shelf: &Shelf, options: &'a Options, patrons: u64) -> Bench<'a> {
    let library = Library::create(shelf, Size::for_growth(patrons)).await;
    let server = Server::start(&library).await;
    Bench::open(options, library, server).await
}
