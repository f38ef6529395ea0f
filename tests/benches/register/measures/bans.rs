//! Bans that are placed while doors are asked at two servers: how often a door said yes against one that had been
//! committed before it was asked.

use super::{Bench, name};
use crate::{
    caller::{self, Asked},
    child::Server,
    library::{
        Library, Shelf,
        size::{self, Size},
    },
    options::{Measure, Options},
    report::{Goal, Report, Row},
};
use chrono_tz::Europe::Helsinki;
use kortisto_domain::BanKind;
use kortisto_register::{
    Surroundings, SystemClock,
    bans::{self, NewBan},
    staff::bans::BanTerms,
};
use kortisto_testkit::Engine;
use kortisto_vault::SystemRandom;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Patrons who are banned and let in again, each by a task of their own.
const PATRONS: u64 = 32;

/// Patrons of the library.
const LIBRARY_PATRONS: u64 = 1_000;

/// Pairs of a ban and a door, with `--full`.
const PAIRS_FULL: u64 = 100_000;

/// Pairs without.
const PAIRS: u64 = 4_000;

/// Pairs with `--quick`.
const PAIRS_QUICK: u64 = 500;

/// How long placing a ban may take.
const LIMIT: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Tally {
    pairs: AtomicU64,
    violations: AtomicU64,
    failures: AtomicU64,
}

pub(super) async fn run(shelf: &Shelf, options: &Options, report: &mut Report) {
    if !options.wants(Measure::Bans) {
        return;
    }
    let library = Library::create(shelf, Size::for_growth(LIBRARY_PATRONS)).await;
    let engine = library.engine;
    let first = Server::start(&library).await;
    // SQLite has one server.
    let second = match engine {
        Engine::Postgres => Some(Server::start(&library).await),
        Engine::Sqlite => None,
    };
    let mut doors = vec![first.doors(&library).await];
    if let Some(second) = &second {
        doors.push(second.doors(&library).await);
    }
    let wanted = if options.full {
        PAIRS_FULL
    } else if options.quick {
        PAIRS_QUICK
    } else {
        PAIRS
    };
    let bench = Bench::open(options, library, first).await;
    let tally = Arc::new(Tally::default());
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for patron in 1..=PATRONS {
        let doors: Vec<_> = doors.iter().map(|doors| doors[patron as usize % doors.len()].clone()).collect();
        let (library, tally) = (Arc::clone(&bench.library), Arc::clone(&tally));
        tasks.spawn(async move {
            while tally.pairs.fetch_add(1, Relaxed) < wanted {
                // Ban and question by turns at one server and the other.
                for (round, door) in doors.iter().enumerate() {
                    pair(&library, patron, door.clone(), round, &tally).await;
                }
            }
        });
    }
    tasks.join_all().await;
    let servers = doors.len();
    let mut row = Row::new(format!("yes against a ban, {servers} server(s)"), name(engine), "times")
        .at(PATRONS as usize)
        .goal(Goal::AtMost(0.0));
    row.value(tally.violations.load(Relaxed) as f64);
    let (pairs, failures) = (wanted * servers as u64, tally.failures.load(Relaxed));
    let seconds = begun.elapsed().as_secs_f64();
    report.add(
        row.note(format!("{pairs} bans placed and lifted in {seconds:.0} s; {failures} without an answer")),
    );
}

/// A ban, a door that has to refuse, the end of the ban, a door that has to open.
async fn pair(library: &Library, patron: u64, door: tonic::transport::Channel, round: usize, tally: &Tally) {
    let surroundings =
        Surroundings { clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), zone: Helsinki };
    let deadline = || tokio::time::Instant::now() + LIMIT;
    let ban = NewBan {
        card_number: size::card(patron),
        terms: BanTerms::new(BanKind::SelfService, format!("round {round}")),
    };
    let store = library.store();
    bans::place(store, &surroundings, ban, deadline()).await.expect("a ban is placed");
    let closed = caller::door_says(door.clone(), patron).await;
    bans::lift(store, &surroundings, size::card(patron), BanKind::SelfService, None, deadline())
        .await
        .expect("a ban is lifted");
    let open = caller::door_says(door, patron).await;
    let violations = u64::from(closed == Asked::Granted) + u64::from(open == Asked::Denied);
    tally.violations.fetch_add(violations, Relaxed);
    let failures = u64::from(closed == Asked::Fault) + u64::from(open == Asked::Fault);
    tally.failures.fetch_add(failures, Relaxed);
}
