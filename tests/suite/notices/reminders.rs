//! Loans that are about to fall due, and loans that are late.

use super::Post;
use chrono::{Days, TimeDelta};
use kortisto_domain::{FeeKind, LoanState, NoticeChannel, NoticeKind, NoticeReason, NoticeState};
use kortisto_register::jobs::Job;
use kortisto_store::entities::audit;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_MAIN, TestItem, TestPatron},
};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// A loan of this patron that is due in so many days; less than none for one that is late.
async fn lent(post: &Post, patron: &TestPatron, days: i64) -> TestItem {
    let t = &post.t;
    let item = t.item().await;
    let token = t.session_at(&post.kiosk, patron).await;
    post.kiosk.checkout(&token, &item.barcode).await.unwrap();
    t.make_due(&item, t.surroundings.moment().today() + TimeDelta::days(days)).await;
    // Long ago.
    t.set_loan(&item, |loan| loan.lent_at = Set(t.clock.now() - TimeDelta::days(100))).await;
    item
}

/// Goes on by a day at a time, running the job, until it writes something; gives how many days that took.
async fn days_until(post: &Post, job: Job, most: u32) -> Option<u32> {
    for day in 0..=most {
        if post.t.job(job).await.count("notices") > 0 {
            return Some(day);
        }
        post.t.clock.advance(TimeDelta::days(1));
    }
    None
}

async fn step_policies(t: &TestRegister) {
    for (key, value) in [
        ("notice.overdue_1_days", "7"),
        ("notice.overdue_2_days", "21"),
        ("notice.overdue_3_days", "35"),
        ("notice.overdue_held_days", "1"),
        ("fee.reminder_1_cents", "80"),
        ("fee.reminder_2_cents", "90"),
        ("fee.reminder_3_cents", "100"),
    ] {
        t.policy(key, value).await;
    }
}

on_both_engines! {
    async fn loans_are_reminded_of_before_they_are_due(engine: Engine) {
        let post = Post::open(engine).await;
        let (chooser, usual, quiet) = (post.patron().await, post.patron().await, post.patron().await);
        post.prefer(&chooser, NoticeKind::DueReminder, NoticeChannel::Email, Some(5)).await;
        post.prefer(&quiet, NoticeKind::DueReminder, NoticeChannel::None, None).await;
        let (two, three) = (lent(&post, &chooser, 5).await, lent(&post, &chooser, 5).await);
        let later = lent(&post, &chooser, 6).await;
        let of_usual = lent(&post, &usual, 3).await;
        lent(&post, &usual, 4).await;
        lent(&post, &quiet, 3).await;
        let claimed = lent(&post, &usual, 3).await;
        post.t.set_loan(&claimed, |loan| loan.state = Set(LoanState::ClaimedReturned.code())).await;

        let before = post.t.dump().await;
        let dry = post.t.job_dry(Job::RemindDue).await;
        assert_eq!((dry.count("notices"), dry.count("reminded_loans")), (2, 3));
        let after = post.t.dump().await;
        assert_eq!((&after["notices"], &after["open_loans"]), (&before["notices"], &before["open_loans"]));
        let done = post.t.job(Job::RemindDue).await;
        assert_eq!((done.count("notices"), done.count("reminded_loans"), done.count("fees")), (2, 3, 0));
        for item in [&two, &three, &of_usual] {
            let loan = post.t.loan_row(item).await;
            assert_eq!(loan.reminded_for, Some(loan.due_on));
        }
        assert_eq!(post.t.loan_row(&later).await.reminded_for, None);
        assert!(post.t.job(Job::RemindDue).await.is_empty(), "once");
        assert_eq!(post.deliver().await.sent, 2);
        let grouped = post.recorder.empty();
        let lines: Vec<_> = grouped.iter().map(|mail| mail.body.matches("eräpäivä ").count()).collect();
        assert!(lines.contains(&2) || lines.contains(&3), "one notice for both loans: {lines:?}");

        // The next day the next one, alone.
        post.t.clock.advance(TimeDelta::days(1));
        let done = post.t.job(Job::RemindDue).await;
        assert_eq!((done.count("notices"), done.count("reminded_loans")), (2, 2));
        assert_eq!(post.t.loan_row(&later).await.reminded_for, Some(post.t.loan_row(&later).await.due_on));
        // Renewed, it is reminded of anew before the new date.
        let new_day = post.t.surroundings.moment().today() + Days::new(20);
        post.t.make_due(&later, new_day).await;
        assert_eq!(days_until(&post, Job::RemindDue, 30).await, Some(15));
        let rows = audit::Entity::find().filter(audit::Column::Action.eq("remind_due"));
        let rows = rows.all(post.t.store.writer()).await.unwrap();
        assert!(rows.len() >= 5 && rows.iter().all(|row| row.actor == "job" && row.subject.is_some()));
        post.t.probe().await;
    }

    async fn late_loans_are_reminded_of_in_steps_that_cost(engine: Engine) {
        let post = Post::open(engine).await;
        step_policies(&post.t).await;
        let patron = post.patron().await;
        let (one, other) = (lent(&post, &patron, -7).await, lent(&post, &patron, -8).await);
        let fresh = lent(&post, &patron, -6).await;
        let done = post.t.job(Job::RemindOverdue).await;
        assert_eq!((done.count("notices"), done.count("reminded_loans"), done.count("fees")), (1, 2, 1));
        assert!(post.t.job(Job::RemindOverdue).await.is_empty(), "once");
        assert_eq!(post.t.loan_row(&one).await.notices_sent, 1);
        assert_eq!(post.t.loan_row(&fresh).await.notices_sent, 0);
        let fees = post.t.fees_of(&patron).await;
        assert_eq!(fees.len(), 1, "a reminder costs once, and not for each loan");
        assert_eq!((fees[0].kind.as_str(), fees[0].amount_cents, fees[0].step), (FeeKind::Reminder.word(), 80, 1));
        assert_eq!(fees[0].rule.as_deref(), Some("fee.reminder_1_cents"));
        let mail = post.one().await;
        assert!(mail.body.contains("0,80") && mail.subject.starts_with("Muistutus"), "{}", mail.body);

        // A fortnight on, the second reminder of both, and the first one of the third loan was skipped meanwhile.
        post.t.clock.advance(TimeDelta::days(15));
        let done = post.t.job(Job::RemindOverdue).await;
        assert_eq!((done.count("notices"), done.count("reminded_loans"), done.count("fees")), (1, 3, 1));
        assert_eq!(post.t.loan_row(&fresh).await.notices_sent, 2);
        let cents: Vec<_> = post.t.fees_of(&patron).await.iter().map(|fee| fee.amount_cents).collect();
        assert_eq!(cents.iter().sum::<i64>(), 170, "what was skipped costs nothing: {cents:?}");

        // What comes back before it is delivered is not told; the debt stays (A59).
        for item in [&one, &other, &fresh] {
            post.kiosk.take_back(&item.barcode).await.unwrap();
        }
        assert_eq!(post.deliver().await.dropped, 1);
        assert_eq!(post.notices().await[1].reason, Some(NoticeReason::Over.code()));
        assert!(post.t.debt(&patron).await >= 170);
        post.t.probe().await;
    }

    async fn where_others_wait_the_first_reminder_is_sooner(engine: Engine) {
        let post = Post::open(engine).await;
        step_policies(&post.t).await;
        let patron = post.patron().await;
        let (held, free) = (lent(&post, &patron, -1).await, lent(&post, &patron, -1).await);
        post.t.hold(&post.t.patron().await, held.title, BRANCH_MAIN).await;
        assert_eq!(post.t.job_dry(Job::RemindOverdue).await.count("reminded_loans"), 1);
        assert_eq!(post.t.job(Job::RemindOverdue).await.count("reminded_loans"), 1);
        assert_eq!(post.t.loan_row(&held).await.notices_sent, 1);
        assert_eq!(post.t.loan_row(&free).await.notices_sent, 0);
        post.t.probe().await;
    }

    async fn nobody_pays_for_a_reminder_that_is_not_wanted(engine: Engine) {
        let post = Post::open(engine).await;
        step_policies(&post.t).await;
        let quiet = post.patron().await;
        post.prefer(&quiet, NoticeKind::Overdue, NoticeChannel::None, None).await;
        let item = lent(&post, &quiet, -10).await;
        let done = post.t.job(Job::RemindOverdue).await;
        assert_eq!((done.count("unwanted_reminders"), done.count("notices"), done.count("fees")), (1, 0, 0));
        assert_eq!(post.t.loan_row(&item).await.notices_sent, 1, "the step has passed all the same");
        assert_eq!(post.t.debt(&quiet).await, 0);
        post.t.probe().await;
    }

    async fn a_failed_mail_cancels_no_liability(engine: Engine) {
        let post = Post::open(engine).await;
        step_policies(&post.t).await;
        let patron = post.patron().await;
        let item = lent(&post, &patron, -10).await;
        post.t.job(Job::RemindOverdue).await;
        post.recorder.answer(Some(kortisto_register::notices::Delivery::Refused));
        assert_eq!(post.deliver().await.failed, 1);
        assert_eq!(post.notices().await[0].state, NoticeState::Failed.code());
        assert_eq!(post.t.debt(&patron).await, 80);
        assert_eq!(post.t.loan_row(&item).await.notices_sent, 1);
        post.t.clock.advance(TimeDelta::days(14));
        assert_eq!(post.t.job(Job::RemindOverdue).await.count("notices"), 1, "the next step comes all the same");
        post.t.probe().await;
    }

    async fn a_loan_that_is_late_again_after_a_renewal_is_reminded_and_charged_anew(engine: Engine) {
        let post = Post::open(engine).await;
        step_policies(&post.t).await;
        let patron = post.patron().await;
        let item = lent(&post, &patron, -10).await;
        post.t.job(Job::RemindOverdue).await;
        let today = post.t.surroundings.moment().today();
        // As a renewal does.
        post.t.make_due(&item, today + Days::new(14)).await;
        post.t.set_loan(&item, |loan| {
            loan.renewals = Set(1);
            loan.notices_sent = Set(0);
        }).await;
        assert_eq!(days_until(&post, Job::RemindOverdue, 40).await, Some(21));
        let steps: Vec<_> = post.t.fees_of(&patron).await.iter().map(|fee| (fee.amount_cents, fee.step)).collect();
        assert_eq!(steps, [(80, 1), (80, 4)]);
        // As a renewal that is taken back: the mark is gone, and neither mail nor fee comes twice.
        post.t.set_loan(&item, |loan| loan.notices_sent = Set(0)).await;
        assert!(post.t.job(Job::RemindOverdue).await.is_empty());
        assert_eq!(post.t.loan_row(&item).await.notices_sent, 1);
        assert_eq!(post.t.debt(&patron).await, 160);
        post.t.probe().await;
    }

    async fn a_bill_is_told_with_what_is_owed(engine: Engine) {
        let post = Post::open(engine).await;
        post.t.policy("notice.bill_days", "49").await;
        post.t.policy("fee.compensation_cents", "2500").await;
        post.t.policy("fee.bill_cents", "500").await;
        let patron = post.patron().await;
        lent(&post, &patron, -49).await;
        assert_eq!(post.t.job(Job::BillLoans).await.count("billed_loans"), 1);
        let row = post.notices().await.remove(0);
        assert_eq!((row.kind, row.step), (NoticeKind::Invoice.code(), 0));
        let mail = post.one().await;
        assert!(mail.subject.starts_with("Lasku") && mail.body.contains("30,00"), "{}", mail.body);

        let forgiven = post.patron().await;
        lent(&post, &forgiven, -49).await;
        assert_eq!(post.t.job(Job::BillLoans).await.count("billed_loans"), 1);
        post.t.let_off(&forgiven).await;
        assert_eq!(post.deliver().await.dropped, 1, "nothing is owed any more");
        post.t.probe().await;
    }

    async fn batches_of_any_size_remind_alike(engine: Engine) {
        let post = Post::open(engine).await;
        for _ in 0..5 {
            let patron = post.patron().await;
            for _ in 0..2 {
                lent(&post, &patron, -30).await;
            }
        }
        let order = kortisto_register::jobs::JobOrder {
            batch: 1,
            ..kortisto_register::jobs::JobOrder::within(std::time::Duration::from_secs(30))
        };
        let kortisto_register::jobs::RunOutcome::Ran(done) =
            post.t.register.run_job(Job::RemindOverdue, order).await.unwrap()
        else {
            panic!("nobody else runs it");
        };
        assert_eq!((done.count("notices"), done.count("reminded_loans")), (5, 10));
        assert!(done.finished);
        post.t.probe().await;
    }
}
