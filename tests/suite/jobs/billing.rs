//! Loans that are billed because they are so late.

use chrono::{Days, TimeDelta};
use kortisto_domain::{DeviceKind, FeeKind, LoanState};
use kortisto_register::jobs::Job;
use kortisto_store::entities::audit;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, TestItem, TestPatron},
};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// A loan that has been due for this many days.
async fn late(t: &TestRegister, kiosk: &Device, patron: &TestPatron, days: u64) -> TestItem {
    let item = t.item().await;
    let token = t.session_at(kiosk, patron).await;
    kiosk.checkout(&token, &item.barcode).await.unwrap();
    t.make_due(&item, t.surroundings.moment().today() - Days::new(days)).await;
    item
}

on_both_engines! {
    async fn a_loan_is_billed_on_its_day_and_once(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("fee.compensation_cents", "2500").await;
        t.policy("fee.bill_cents", "500").await;
        t.policy("fee.overdue_cents", "20").await;
        t.policy("fee.overdue_cap_cents", "600").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let (due, next) = (late(&t, &kiosk, &patron, 49).await, late(&t, &kiosk, &patron, 48).await);
        let lost = late(&t, &kiosk, &patron, 60).await;
        t.set_loan(&lost, |loan| loan.state = Set(LoanState::Lost.code())).await;

        assert!(t.job(Job::BillLoans).await.is_empty(), "nothing is billed until somebody decides it");
        t.policy("notice.bill_days", "49").await;
        assert_eq!(t.job_dry(Job::BillLoans).await.count("billed_loans"), 1);
        assert_eq!(t.debt(&patron).await, 0);
        let done = t.job(Job::BillLoans).await;
        assert_eq!((done.count("billed_loans"), done.count("charged_cents")), (1, 3600));
        assert_eq!(t.loan_row(&due).await.state, LoanState::Billed.code());
        assert_eq!(t.loan_row(&next).await.state, LoanState::Open.code());
        assert_eq!(t.loan_row(&lost).await.state, LoanState::Lost.code(), "what is lost is a desk's");
        let mut fees = t.fees_of(&patron).await;
        fees.sort_by_key(|fee| fee.amount_cents);
        let kinds: Vec<_> = fees.iter().map(|fee| (fee.kind.as_str(), fee.amount_cents)).collect();
        let expected =
            [(FeeKind::Billing, 500), (FeeKind::Overdue, 600), (FeeKind::Compensation, 2500)];
        assert_eq!(kinds, expected.map(|(kind, cents)| (kind.word(), cents)));
        assert!(fees.iter().all(|fee| fee.billed_at == Some(t.clock.now())));
        assert!(t.job(Job::BillLoans).await.is_empty(), "once");
        t.probe().await;

        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job(Job::BillLoans).await.count("billed_loans"), 1);
        let rows = audit::Entity::find().filter(audit::Column::Action.eq("bill_loan"));
        let rows = rows.all(t.store.writer()).await.unwrap();
        assert!(rows.len() == 2 && rows.iter().all(|row| row.actor == "job" && row.loan_id.is_some()));
        // Coming back settles the loan, not the bill.
        kiosk.take_back(&due.barcode).await.unwrap();
        t.probe().await;
    }

    async fn what_a_bill_adds_counts_for_the_cap_of_the_next(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("fee.overdue_cents", "20").await;
        t.policy("fee.overdue_cap_cents", "1000").await;
        t.policy("fee.overdue_cap_scope", "patron").await;
        t.policy("notice.bill_days", "40").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        for _ in 0..2 {
            late(&t, &kiosk, &patron, 40).await;
        }
        assert_eq!(t.job(Job::BillLoans).await.count("billed_loans"), 2);
        assert_eq!(t.debt(&patron).await, 1000);
        t.probe().await;
    }
}
