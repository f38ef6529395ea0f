//! A year of a mid-sized library through the real server on PostgreSQL, on a clock that is turned by hand; afterwards
//! every invariant holds and the ledger balances to the cent.
//!
//! `KORTISTO_YEAR_PATRONS=20000` lives it in full, with 400 000 loans; without it the library is small and the year as long.

#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of an integration test for production code"
)]

mod balance;
mod chance;
mod library;
mod tally;
mod visit;

use balance::balance;
use chrono::{Days, NaiveDate};
use kortisto_register::jobs::{self, Job, RunOutcome};
use kortisto_testkit::TestRegister;
use library::Library;
use std::{collections::BTreeMap, sync::Arc};
use tally::Tally;
use tokio::task::JoinSet;
use visit::{VISIT_LOANS, visit};

/// The year begins on the day on which summer time begins, so that both changes of the clock are in it.
const FIRST_DAY: (i32, u32, u32) = (2026, 3, 29);

/// Days of the year.
const DAYS: u64 = 365;

/// Loans of a patron in the year.
const LOANS_PER_PATRON: u64 = 20;

/// Patrons, unless the environment says how many.
const PATRONS_DEFAULT: u64 = 40;

/// Hours in which people come.
const HOURS: std::ops::Range<u16> = 10..19;

/// Minutes of the night and of the day at which jobs are looked at, as the server itself does all day long.
const JOB_MINUTES: [u16; 3] = [3 * 60 + 30, 6 * 60 + 30, 14 * 60];

/// People who are there at once.
const AT_ONCE: usize = 16;

fn patrons() -> u64 {
    match std::env::var("KORTISTO_YEAR_PATRONS") {
        Ok(text) => text.parse().expect("KORTISTO_YEAR_PATRONS is a number of patrons"),
        Err(_) => PATRONS_DEFAULT,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_a_library() {
    let patrons = patrons();
    let (year, month, day) = FIRST_DAY;
    let first = NaiveDate::from_ymd_opt(year, month, day).expect("a date");
    let library = Arc::new(Library::found(patrons, first).await);
    let mut reports: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let visits = patrons * LOANS_PER_PATRON / VISIT_LOANS;
    let mut begun = 0;
    for nth in 0..DAYS {
        let day = first + Days::new(nth);
        library.new_day(nth).await;
        let mut jobs_at = JOB_MINUTES.into_iter().peekable();
        for hour in HOURS {
            while let Some(minute) = jobs_at.next_if(|minute| *minute <= hour * 60) {
                library.set_clock(day, minute);
                run_due(&library.register, &mut reports).await;
            }
            library.set_clock(day, hour * 60);
            let so_far = (nth * u64::from(HOURS.end - HOURS.start) + u64::from(hour - HOURS.start) + 1)
                * visits
                / (DAYS * u64::from(HOURS.end - HOURS.start));
            let mut people = JoinSet::new();
            while begun < so_far {
                if people.len() >= AT_ONCE {
                    people.join_next().await.unwrap().unwrap();
                }
                people.spawn(visit(Arc::clone(&library), begun));
                begun += 1;
            }
            while let Some(visited) = people.join_next().await {
                visited.unwrap();
            }
        }
        for minute in jobs_at {
            library.set_clock(day, minute);
            run_due(&library.register, &mut reports).await;
        }
    }
    let tally: Tally = library.tally.lock().unwrap().clone();
    println!("{tally:?}");
    for ((job, what), count) in &reports {
        println!("{job}: {what} {count}");
    }
    assert!(tally.loans >= patrons * LOANS_PER_PATRON, "{} loans are not those of a year", tally.loans);
    balance(&library.register, &tally, &reports).await;
}

/// Runs what is due, as the server would.
async fn run_due(t: &TestRegister, reports: &mut BTreeMap<(&'static str, &'static str), u64>) {
    for job in Job::ALL {
        let Some(outcome) = jobs::run_if_due(&t.register, *job).await.unwrap() else { continue };
        let RunOutcome::Ran(report) = outcome else { panic!("nobody else runs {}", job.name()) };
        assert!(report.finished, "{}: {report}", job.name());
        for (what, count) in report.counts {
            *reports.entry((job.name(), what)).or_default() += count;
        }
    }
}
