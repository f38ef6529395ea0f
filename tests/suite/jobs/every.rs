//! Every job at once: each with something to do, counted before, cut short and gone on with.

use chrono::{Days, TimeDelta};
use kortisto_domain::{DeviceKind, FeeKind, NoticeState, StaffRole};
use kortisto_register::{
    devices::manage::NewDevice,
    jobs::{Job, JobOrder, JobReport, RunOutcome},
};
use kortisto_store::entities::holds;
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Device, FeeSeed, TestItem, TestPatron},
};
use sea_orm::ActiveValue::Set;
use std::{collections::BTreeMap, time::Duration};

/// How many of everything a job finds: more than a batch of a test takes.
const EACH: u64 = 3;

/// How many of what.
type Counts = &'static [(&'static str, u64)];

/// What a dry run of each job counts, and what a run counts beside that. What `forget_use` counts is told by the tables.
const WORK: [(Job, Counts, Counts); 9] = [
    (
        Job::ExpireHolds,
        &[("uncollected_holds", EACH), ("ended_holds", EACH)],
        &[("items_passed_on", EACH), ("fees", EACH)],
    ),
    (Job::BillLoans, &[("billed_loans", EACH)], &[("charged_cents", EACH * 3_000)]),
    (Job::RemindDue, &[("notices", EACH), ("reminded_loans", EACH)], &[]),
    (Job::RemindOverdue, &[("notices", EACH), ("reminded_loans", EACH), ("fees", EACH)], &[]),
    (Job::LapseFees, &[("lapsed_fees", EACH), ("lapsed_cents", EACH * 200)], &[]),
    (Job::ForgetBorrowers, &[("forgotten_loans", EACH), ("items_of_desk_fees", EACH)], &[]),
    (Job::ForgetHolds, &[("forgotten_holds", 2 * EACH)], &[]),
    (Job::ForgetItemsInTrail, &[("forgotten_in_trail", EACH), ("undone_loans_in_trail", EACH)], &[]),
    (Job::ForgetNotices, &[("forgotten_notices", EACH)], &[]),
];

/// What `forget_use` finds something of.
const OF_USE: [&str; 6] = [
    "remembered_answers",
    "pin_attempts",
    "patron_sessions",
    "staff_sessions",
    "enrolment_codes",
    "job_runs",
];

async fn lend(t: &TestRegister, kiosk: &Device, patron: &TestPatron) -> TestItem {
    let (item, token) = (t.item().await, t.session_at(kiosk, patron).await);
    assert!(kiosk.checkout(&token, &item.barcode).await.unwrap().loan.is_some());
    item
}

/// A patron who can be written to.
async fn reachable(t: &TestRegister) -> TestPatron {
    let patron = t.patron().await;
    t.email(&patron, "aino@example.fi").await;
    patron
}

/// A register that has been used long ago and is used now, so that every job finds something to do.
async fn busy(engine: Engine) -> TestRegister {
    let t = TestRegister::start(engine).await;
    for (key, value) in [
        ("fee.uncollected_hold_cents", "150"),
        ("fee.compensation_cents", "2500"),
        ("fee.bill_cents", "500"),
        ("fee.reminder_1_cents", "100"),
        ("notice.bill_days", "49"),
    ] {
        t.policy(key, value).await;
    }
    long_ago(&t).await;
    // Longer than anything is kept.
    t.clock.advance(TimeDelta::days(401));
    of_these_days(&t).await;
    t
}

/// What is to be forgotten.
async fn long_ago(t: &TestRegister) {
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let patron = t.patron().await;
    for number in 0..EACH {
        let item = lend(t, &kiosk, &patron).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        let undone = lend(t, &kiosk, &patron).await;
        let loan = t.loan_row(&undone).await.id;
        assert_eq!(kiosk.cancel_checkout(loan, &undone.barcode).await.unwrap().loan_goes_on, Some(false));
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        kiosk.cancel_hold(&token, hold.id).await.unwrap();
        let seed = FeeSeed { kind: FeeKind::Compensation, item: Some(&undone), ..FeeSeed::default() };
        t.pay(t.fee_with(&patron, seed).await, 200).await;
        // Nobody had it.
        kiosk.take_back(&t.item().await.barcode).await.unwrap();
        t.notice(&t.patron().await, NoticeState::Dropped).await;
        t.staff(&[StaffRole::Desk]).await;
        let (name, branch) = (format!("later-{number}"), "main".to_owned());
        t.enrolment_code(NewDevice { name, kind: DeviceKind::Door, branch }).await.unwrap();
        let over = t.hold(&patron, t.item().await.title, BRANCH_MAIN).await;
        t.set_hold(over, holds::Column::ValidUntil, t.surroundings.moment().today() - Days::new(1)).await;
        // A run that did something leaves a row.
        assert_eq!(t.job(Job::ExpireHolds).await.count("ended_holds"), 1);
    }
}

/// What is to be closed, written, charged and let go.
async fn of_these_days(t: &TestRegister) {
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let mut uncollected = Vec::new();
    for _ in 0..EACH {
        let item = t.item().await;
        t.hold(&t.patron().await, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        uncollected.push(item);
    }
    t.clock.advance(TimeDelta::days(8));
    let today = t.surroundings.moment().today();
    for item in &uncollected {
        t.hold(&t.patron().await, item.title, BRANCH_MAIN).await;
    }
    let long_ago = t.clock.now() - TimeDelta::days(10 * 365);
    for _ in 0..EACH {
        let ended = t.hold(&t.patron().await, t.item().await.title, BRANCH_MAIN).await;
        t.set_hold(ended, holds::Column::ValidUntil, today - Days::new(1)).await;
        for (due, notices_sent) in
            [(today - Days::new(49), 2), (today - Days::new(7), 0), (today + Days::new(3), 0)]
        {
            let item = lend(t, &kiosk, &reachable(t).await).await;
            t.make_due(&item, due).await;
            t.set_loan(&item, |loan| {
                loan.notices_sent = Set(notices_sent);
                loan.lent_at = Set(t.clock.now() - TimeDelta::days(100));
            })
            .await;
        }
        let seed = FeeSeed { kind: FeeKind::Overdue, created_at: Some(long_ago), ..FeeSeed::default() };
        t.fee_with(&t.patron().await, seed).await;
    }
}

/// What a run of a job has to count, after what its dry run counted.
fn expected(job: Job, dry: &JobReport) -> BTreeMap<&'static str, u64> {
    let beside = WORK.iter().find(|(of, ..)| *of == job).map_or(&[][..], |(_, _, beside)| *beside);
    dry.counts.iter().map(|(what, count)| (*what, *count)).chain(beside.iter().copied()).collect()
}

/// Counts what every job would do, which is what has been prepared for it.
async fn dry(t: &TestRegister) -> Vec<(Job, JobReport)> {
    let mut reports = Vec::new();
    for job in Job::ALL {
        let report = t.job_dry(*job).await;
        assert!(report.finished, "{job:?}");
        match WORK.iter().find(|(of, ..)| of == job) {
            Some((_, counts, _)) => {
                assert_eq!(report.counts, counts.iter().copied().collect::<BTreeMap<_, _>>(), "{job:?}");
            }
            None => {
                assert_eq!(*job, Job::ForgetUse, "a job that nothing has been prepared for");
                assert!(OF_USE.iter().all(|table| report.count(table) >= EACH), "{report}");
                assert_eq!(report.counts.len(), OF_USE.len(), "{report}");
            }
        }
        reports.push((*job, report));
    }
    reports
}

/// A run that begins no batch after this long; whatever it did stays done.
async fn run_for(t: &TestRegister, job: Job, limit: Duration) -> JobReport {
    let order = JobOrder { batch: 1, ..JobOrder::within(limit) };
    match t.register.run_job(job, order).await.unwrap() {
        RunOutcome::Ran(report) => report,
        RunOutcome::HeldElsewhere => panic!("nobody else is at {job:?}"),
    }
}

on_both_engines! {
    async fn a_dry_run_changes_nothing_and_counts_what_a_run_does(engine: Engine) {
        let t = busy(engine).await;
        let before = t.dump().await;
        let counted = dry(&t).await;
        assert_eq!(t.dump().await, before);
        for (job, dry) in counted {
            let done = t.job(job).await;
            assert_eq!(done.counts, expected(job, &dry), "{job:?}");
            assert!(t.job_dry(job).await.is_empty(), "{job:?} has done everything");
        }
        t.probe().await;
    }

    async fn what_was_cut_short_between_two_batches_goes_on_and_does_nothing_twice(engine: Engine) {
        let t = busy(engine).await;
        for (job, dry) in dry(&t).await {
            let mut done = BTreeMap::new();
            // Each time a little longer, from no batch at all.
            for millis in (0..).step_by(3) {
                let part = run_for(&t, job, Duration::from_millis(millis)).await;
                assert!(millis > 0 || (part.is_empty() && !part.finished), "{job:?}: {part}");
                for (what, count) in part.counts {
                    *done.entry(what).or_default() += count;
                }
                if part.finished {
                    break;
                }
            }
            assert_eq!(done, expected(job, &dry), "{job:?}");
            assert!(t.job(job).await.is_empty(), "{job:?} has done everything");
        }
        t.probe().await;
    }
}
