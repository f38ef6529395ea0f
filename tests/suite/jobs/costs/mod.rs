//! What a job costs: it reads what it comes to, whatever else the register holds.
//!
//! A batch that reads a table whole is right in every other test. On PostgreSQL it stops a processor, on SQLite every kiosk.

mod meter;
mod rows;

use kortisto_register::jobs::{Job, JobOrder, RunOutcome};
use kortisto_testkit::{Engine, TestOptions, TestRegister, on_both_engines};
use meter::Meter;
use sea_orm::ConnectionTrait as _;
use std::time::Duration;

/// Rows of each kind in the small register: several batches of them.
const ROWS: u32 = 400;

/// How many times as many the large one has.
const TIMES: u32 = 8;

/// Rows of a batch.
const BATCH: u64 = 40;

/// What may be read of other things: by less than a batch.
const FEW: u64 = BATCH - 1;

/// Longer than any job takes.
const LIMIT: Duration = Duration::from_secs(120);

/// For PostgreSQL's sessions to come: a few thousand rows are read whole for good reasons, but what matters is whether there
/// is another way.
const ANOTHER_WAY: &str = "do $$ begin \
     execute format('alter database %I set enable_seqscan = off', current_database()); end $$";

/// The jobs that are measured. What `forget_use` deletes stands in the order of its age, and is read from there.
const JOBS: [Job; 9] = [
    Job::ExpireHolds,
    Job::BillLoans,
    Job::RemindDue,
    Job::RemindOverdue,
    Job::LapseFees,
    Job::ForgetBorrowers,
    Job::ForgetHolds,
    Job::ForgetItemsInTrail,
    Job::ForgetNotices,
];

/// Those of them that ask every patron who has loans or debts, or look at every fee of an item that a desk charged.
const OF_ALL: [Job; 4] = [Job::RemindDue, Job::RemindOverdue, Job::LapseFees, Job::ForgetBorrowers];

/// Whether there is something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    All,
    Nothing,
}

/// What counting the work of each job costs in a register of so many rows.
async fn costs(engine: Engine, rows: u32, due: Due) -> Vec<(Job, u64)> {
    let t = TestRegister::start(engine).await;
    t.policy("notice.bill_days", "49").await;
    rows::write(&t, engine, rows, due).await;
    let t = match engine {
        Engine::Sqlite => t,
        Engine::Postgres => {
            t.store.writer().execute_unprepared(ANOTHER_WAY).await.unwrap();
            meter::tell(&t).await;
            t.start_beside(TestOptions::default()).await
        }
    };
    let meter = Meter::of(&t, engine).await;
    let mut costs = Vec::new();
    for job in JOBS {
        let before = meter.read(&t).await;
        let order = JobOrder { batch: BATCH, ..JobOrder::within(LIMIT) }.dry();
        let RunOutcome::Ran(report) = t.register.run_job(job, order).await.unwrap() else {
            panic!("nobody else is at {job:?}");
        };
        assert!(report.finished);
        assert_eq!(report.is_empty(), due == Due::Nothing, "{job:?}: {report}");
        costs.push((job, meter.read(&t).await - before));
    }
    costs
}

/// Asserts that each job costs at most so many times as much in the large register.
async fn compare(engine: Engine, due: Due, times: impl Fn(Job) -> u64) {
    let (small, large) = (costs(engine, ROWS, due).await, costs(engine, ROWS * TIMES, due).await);
    for ((job, small), (_, large)) in small.into_iter().zip(large) {
        assert!(small > 0 || due == Due::Nothing, "{job:?} was not measured");
        let bound = small * times(job) + FEW;
        assert!(large <= bound, "{job:?} costs {large} with {TIMES} times the rows, after {small}");
    }
}

on_both_engines! {
    async fn each_row_that_is_due_costs_the_same_however_many_there_are(engine: Engine) {
        // What a whole table for each batch would cost is its square.
        compare(engine, Due::All, |_| u64::from(TIMES) + 2).await;
    }

    async fn what_is_not_due_is_not_read(engine: Engine) {
        compare(engine, Due::Nothing, |job| if OF_ALL.contains(&job) { u64::from(TIMES) + 2 } else { 2 }).await;
    }
}
