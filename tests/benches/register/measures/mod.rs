//! The measures, one file for those that share their rounds.

mod bans;
mod circulation;
mod contention;
mod doors;
mod growth;
mod pins;
mod poison;
mod search;

use crate::{
    caller::{self, session_at, walk},
    child::Server,
    floors,
    library::{
        Library, Shelf,
        size::{LARGEST_ITEMS, Size},
    },
    load::{Point, closed_loop},
    machine::{self, Meter},
    options::{Measure, Options},
    report::{Goal, Report, Row},
};
use kortisto_testkit::Engine;
use std::{sync::Arc, time::Duration};
use tonic::transport::Channel;

/// Patrons of the library that most measures are taken in.
const PATRONS: u64 = 100_000;

/// Memory of a server that nobody asks, in MiB.
const IDLE_MIB_MAX: f64 = 64.0;

/// How long a server is left alone before its memory is looked at.
const IDLE_TIME: Duration = Duration::from_secs(2);

/// A library that is served, and everybody's connections.
struct Bench<'a> {
    options: &'a Options,
    library: Arc<Library>,
    server: Server,
    meter: Meter,
    kiosks: Arc<[Channel]>,
    doors: Arc<[Channel]>,
}

impl<'a> Bench<'a> {
    async fn open(options: &'a Options, library: Library, server: Server) -> Self {
        let meter = Meter { server: Some(server.pid()), postmaster: library.postmaster().await };
        let (kiosks, doors) = (server.kiosks(&library).await.into(), server.doors(&library).await.into());
        Self { options, library: Arc::new(library), server, meter, kiosks, doors }
    }

    fn engine(&self) -> &'static str {
        name(self.library.engine)
    }

    /// What is measured, and where it is not the usual library.
    fn measure(&self, what: &str) -> String {
        if self.library.size.items() < LARGEST_ITEMS { what.to_owned() } else { format!("{what}, 3M items") }
    }

    /// Check-outs of free items through these connections, each by another patron.
    async fn check_outs(&self, channels: &Arc<[Channel]>, meter: &Meter, connections: usize) -> Point {
        let (channels, library) = (Arc::clone(channels), Arc::clone(&self.library));
        closed_loop(meter, connections, self.options.span(), move |caller, nth| {
            caller::check_out(channels[caller].clone(), session_at(caller, nth), library.take_free())
        })
        .await
    }

    /// Door checks of patron after patron.
    async fn door_checks(&self, connections: usize) -> Point {
        let (channels, patrons) = (Arc::clone(&self.doors), self.library.size.patrons);
        closed_loop(&self.meter, connections, self.options.span(), move |caller, nth| {
            caller::ask_door(channels[caller].clone(), walk(caller, nth, patrons))
        })
        .await
    }
}

const fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "postgres",
        Engine::Sqlite => "sqlite",
    }
}

/// Takes every measure that is wanted, on one engine.
pub(crate) async fn run(engine: Engine, options: &Options, report: &mut Report) {
    let shelf = Shelf::open(engine).await;
    let not_growth = [
        Measure::Echo,
        Measure::Checkout,
        Measure::Return,
        Measure::Pickup,
        Measure::Entities,
        Measure::Lone,
        Measure::Door,
        Measure::Authenticate,
        Measure::Flood,
        Measure::Contention,
        Measure::Poison,
        Measure::Memory,
    ];
    if options.wants_any(&not_growth) {
        let library = Library::create(&shelf, Size::for_everything(PATRONS)).await;
        if engine == Engine::Postgres {
            floors::install(&library).await;
        }
        let server = Server::start(&library).await;
        if options.wants(Measure::Memory) {
            report.add(idle_memory(&server, engine).await);
        }
        let bench = Bench::open(options, library, server).await;
        doors::run(&bench, report).await;
        circulation::run(&bench, report).await;
        contention::run(&bench, report).await;
        poison::run(&bench, report).await;
        pins::run(&bench, report).await;
    }
    if options.full && circulation::is_wanted(options, engine) {
        let library = Library::create(&shelf, Size::largest()).await;
        if engine == Engine::Postgres {
            floors::install(&library).await;
        }
        let server = Server::start(&library).await;
        circulation::run(&Bench::open(options, library, server).await, report).await;
    }
    if options.wants(Measure::Growth) {
        growth::run(&shelf, options, report).await;
    }
    bans::run(&shelf, options, report).await;
    search::run(&shelf, options, report).await;
}

async fn idle_memory(server: &Server, engine: Engine) -> Row {
    tokio::time::sleep(IDLE_TIME).await;
    let mut row = Row::new("memory, idle", name(engine), "MiB").goal(Goal::AtMost(IDLE_MIB_MAX));
    row.value(machine::memory_mib(server.pid()).0);
    row.note("resident, of the process `kortisto serve`")
}
