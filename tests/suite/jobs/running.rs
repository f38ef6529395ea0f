//! How jobs run: one at a time, noted, resumed, by themselves.

use chrono::TimeDelta;
use kortisto_domain::{DeviceKind, HoldState};
use kortisto_register::{
    RegisterError,
    jobs::{self, HELD_FOR, Job, JobOrder, LastRuns, RunOutcome},
};
use kortisto_store::{
    StoreError,
    entities::{job_runs, jobs as jobs_table, titles},
    queries::job_lease,
};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, waiting},
};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, QuerySelect as _, sea_query::Expr};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, time::Instant};

/// How long a server may take to come to a job by itself.
const PATIENCE: Duration = Duration::from_secs(60);

fn order() -> JobOrder {
    JobOrder::within(Duration::from_secs(30))
}

async fn state(t: &TestRegister, job: Job) -> jobs::JobState {
    jobs::states(t.store.readers()).await.unwrap().remove(job.name()).unwrap_or_default()
}

/// A hold that nobody picked up, and lapses.
async fn overdue_hold(t: &TestRegister) -> kortisto_testkit::register::TestHold {
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let (patron, item) = (t.patron().await, t.item().await);
    let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
    kiosk.take_back(&item.barcode).await.unwrap();
    t.clock.advance(TimeDelta::days(8));
    hold
}

on_both_engines! {
    async fn every_job_has_nothing_left_to_do_after_it_ran(engine: Engine) {
        let t = TestRegister::start(engine).await;
        overdue_hold(&t).await;
        t.clock.advance(TimeDelta::days(500));
        for job in Job::ALL {
            t.job(*job).await;
        }
        for job in Job::ALL {
            let again = t.job(*job).await;
            assert!(again.is_empty() && again.finished, "{job:?}: {again}");
        }
        t.probe().await;
    }

    async fn a_run_is_noted_and_one_without_work_is_not(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.job(Job::ExpireHolds).await;
        assert!(jobs::history(t.store.readers(), None, 10).await.unwrap().is_empty());
        overdue_hold(&t).await;
        let begun = t.clock.now();
        t.job(Job::ExpireHolds).await;
        let stands = state(&t, Job::ExpireHolds).await;
        assert_eq!(stands.last, LastRuns { finished: Some(begun), failed: None });
        assert_eq!((stands.failure, stands.held_until), (None, None));
        let runs = jobs::history(t.store.readers(), Some(Job::ExpireHolds), 10).await.unwrap();
        assert_eq!((runs.len(), runs[0].finished, runs[0].failure.as_deref()), (1, true, None));
        assert_eq!(runs[0].report, r#"{"uncollected_holds":1}"#);
        assert!(jobs::history(t.store.readers(), Some(Job::LapseFees), 10).await.unwrap().is_empty());
    }

    async fn who_is_at_a_job_has_it_until_the_lease_is_over(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let hold = overdue_hold(&t).await;
        let now = t.clock.now();
        let other = t.surroundings.new_id(now);
        let name = Job::ExpireHolds.name();
        assert!(job_lease::hold(t.store.writer(), name, other, now, now + HELD_FOR).await.unwrap());
        assert!(job_lease::hold(t.store.writer(), name, other, now, now + HELD_FOR).await.unwrap(), "again");
        let refused = t.register.run_job(Job::ExpireHolds, order()).await.unwrap();
        assert_eq!(refused, RunOutcome::HeldElsewhere);
        assert_eq!(t.hold_row(hold).await.state, HoldState::Ready.code());
        // Whoever held it died.
        t.clock.advance(HELD_FOR);
        t.job(Job::ExpireHolds).await;
        assert_eq!(t.hold_row(hold).await.state, HoldState::Lapsed.code());
    }

    async fn what_was_cut_short_goes_on(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let hold = overdue_hold(&t).await;
        let at_once = JobOrder::within(Duration::ZERO);
        let RunOutcome::Ran(report) = t.register.run_job(Job::ExpireHolds, at_once).await.unwrap() else {
            panic!("nobody else is at it");
        };
        assert!(!report.finished && report.is_empty());
        let stands = state(&t, Job::ExpireHolds).await;
        assert_eq!((stands.last.failed, stands.failure), (Some(t.clock.now()), None));
        assert_eq!(jobs::run_if_due(&t.register, Job::ExpireHolds).await.unwrap(), None, "not at once");
        t.clock.advance(jobs::FAILED_PAUSE);
        assert!(jobs::run_if_due(&t.register, Job::ExpireHolds).await.unwrap().is_some());
        assert_eq!(t.hold_row(hold).await.state, HoldState::Lapsed.code());
        assert_eq!(state(&t, Job::ExpireHolds).await.last.failed, None);
        assert_eq!(jobs::run_if_due(&t.register, Job::ExpireHolds).await.unwrap(), None, "it is done");
    }

    async fn a_failure_is_noted_with_its_reason(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.store.writer().execute_unprepared("alter table holds rename to holds_away").await.unwrap();
        let error = t.register.run_job(Job::ExpireHolds, order()).await.unwrap_err();
        assert_eq!(error, RegisterError::Internal("the store failed"));
        let stands = state(&t, Job::ExpireHolds).await;
        assert_eq!(stands.failure, Some(error.to_string()));
        assert_eq!((stands.last.finished, stands.held_until), (None, None));
        let runs = job_runs::Entity::find().all(t.store.readers()).await.unwrap();
        assert_eq!((runs.len(), runs[0].finished), (1, false));
    }

    async fn a_server_runs_what_is_due_by_itself(engine: Engine) {
        let t = TestRegister::start_with(engine, TestOptions { runs_jobs: true, ..Default::default() }).await;
        let waited = tokio::time::timeout(PATIENCE, async {
            for job in Job::ALL {
                while state(&t, *job).await.last.finished.is_none() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        waited.await.expect("every job has run");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_are_at_one_job_do_it_once() {
    const HOLDS: u64 = 20;
    let one = TestRegister::start(Engine::Postgres).await;
    let other = one.start_beside(TestOptions::default()).await;
    one.policy("fee.uncollected_hold_cents", "150").await;
    let mut lapsing = Vec::new();
    for _ in 0..HOLDS {
        lapsing.push(overdue_hold(&one).await);
    }
    // Somebody holds a queue in the middle, so that both come to stand at the same batch.
    let middle = one.hold_row(lapsing[lapsing.len() / 2]).await;
    let (store, let_go) = (one.store.clone(), Arc::new(Notify::new()));
    let until = Arc::clone(&let_go);
    let busy = tokio::spawn(async move {
        let deadline = Instant::now() + Duration::from_secs(30);
        let held = store.unit_of_work("hold_a_queue", deadline, move |transaction| {
            let until = Arc::clone(&until);
            Box::pin(async move {
                let title = titles::Entity::find_by_id(middle.title_id).lock_exclusive();
                title.one(transaction).await.map_err(StoreError::from)?;
                until.notified().await;
                Ok::<_, RegisterError>(())
            })
        });
        held.await.unwrap();
    });
    let work = |t: &TestRegister| {
        let register = Arc::clone(&t.register);
        tokio::spawn(
            async move { register.run_job(Job::ExpireHolds, JobOrder { batch: 3, ..order() }).await },
        )
    };
    let first = work(&one);
    while state(&one, Job::ExpireHolds).await.held_until.is_none() || waiting(&one.store).await < 1 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // As if its server had stood still for longer than the lease lasts.
    jobs_table::Entity::update_many()
        .col_expr(jobs_table::Column::HeldUntil, Expr::value(one.clock.now()))
        .exec(one.store.writer())
        .await
        .unwrap();
    let second = work(&other);
    while waiting(&one.store).await < 2 {
        assert!(!second.is_finished(), "the other one takes the job over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let_go.notify_one();
    busy.await.unwrap();
    let mut ran = Vec::new();
    for outcome in [first.await.unwrap().unwrap(), second.await.unwrap().unwrap()] {
        let RunOutcome::Ran(report) = outcome else { panic!("both run") };
        assert!(report.finished);
        ran.push(report);
    }
    for what in ["uncollected_holds", "fees"] {
        assert_eq!(ran.iter().map(|report| report.count(what)).sum::<u64>(), HOLDS, "{what}: {ran:?}");
    }
    for hold in lapsing {
        assert_eq!(one.hold_row(hold).await.state, HoldState::Lapsed.code());
    }
    one.probe().await;
}
