//! What is forgotten when its time is over: deleted, not hidden.

use chrono::TimeDelta;
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState, DeviceKind, FeeKind};
use kortisto_register::jobs::Job;
use kortisto_store::entities::{
    consents, fees, holds, kept_history, loan_history, pin_attempts, remembered_answers,
};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Device, TestItem, TestPatron},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
};

/// An item that this patron has borrowed and brought back.
async fn read(t: &TestRegister, kiosk: &Device, patron: &TestPatron) -> TestItem {
    let item = t.item().await;
    let token = t.session_at(kiosk, patron).await;
    assert!(kiosk.checkout(&token, &item.barcode).await.unwrap().loan.is_some());
    kiosk.take_back(&item.barcode).await.unwrap();
    item
}

async fn consent(t: &TestRegister, patron: &TestPatron, purpose: ConsentPurpose) -> consents::Model {
    consents::ActiveModel {
        patron_id: Set(patron.id),
        purpose: Set(purpose.code()),
        state: Set(ConsentState::Granted.code()),
        form: Set(ConsentForm::Paper.code()),
        text_version: Set("2026-01".to_owned()),
        recorded_at: Set(t.clock.now()),
        recorded_by: Set("test".to_owned()),
        ..Default::default()
    }
    .insert(t.store.writer())
    .await
    .unwrap()
}

async fn traces(t: &TestRegister) -> Vec<loan_history::Model> {
    loan_history::Entity::find().all(t.store.writer()).await.unwrap()
}

async fn kept(t: &TestRegister) -> Vec<kept_history::Model> {
    kept_history::Entity::find().all(t.store.writer()).await.unwrap()
}

on_both_engines! {
    async fn the_trace_of_an_item_lasts_sixty_days(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        for _ in 0..3 {
            read(&t, &kiosk, &patron).await;
        }
        t.clock.advance(TimeDelta::days(60));
        assert!(t.job(Job::ForgetBorrowers).await.is_empty());
        assert_eq!(traces(&t).await.len(), 3);
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("forgotten_loans"), 3);
        assert!(traces(&t).await.is_empty() && kept(&t).await.is_empty());
        t.probe().await;
    }

    async fn the_policy_says_how_long_a_trace_lasts(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("retention.item_trace_days", "0").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        read(&t, &kiosk, &t.patron().await).await;
        assert!(t.job(Job::ForgetBorrowers).await.is_empty(), "today's stay");
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("forgotten_loans"), 1);
    }

    async fn a_trace_stays_while_something_is_owed_for_the_loan(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        let item = read(&t, &kiosk, &patron).await;
        let loan = traces(&t).await[0].id;
        t.fee_of_loan(patron.id, loan, FeeKind::Compensation.word(), 2000).await;
        let fee = t.fees_of(&patron).await[0].id;
        let mut row = t.fee_row(fee).await.into_active_model();
        row.item_id = Set(Some(item.id));
        row.update(t.store.writer()).await.unwrap();
        t.clock.advance(TimeDelta::days(61));
        assert!(t.job(Job::ForgetBorrowers).await.is_empty());
        t.pay(fee, 2000).await;
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("forgotten_loans"), 1);
        let fee = fees::Entity::find_by_id(fee).one(t.store.writer()).await.unwrap().unwrap();
        assert_eq!((fee.item_id, fee.amount_cents), (None, 2000), "what was paid stays, for what does not");
        t.probe().await;
    }

    async fn what_a_patron_has_consented_to_is_kept_and_erased_with_the_consent(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (reader, silent) = (t.patron().await, t.patron().await);
        read(&t, &kiosk, &reader).await;
        t.clock.advance(TimeDelta::minutes(1));
        consent(&t, &reader, ConsentPurpose::LoanHistory).await;
        consent(&t, &reader, ConsentPurpose::HomeServiceHistory).await;
        let item = read(&t, &kiosk, &reader).await;
        read(&t, &kiosk, &silent).await;
        t.clock.advance(TimeDelta::days(61));
        let done = t.job(Job::ForgetBorrowers).await;
        assert_eq!((done.count("forgotten_loans"), done.count("loans_kept_in_histories")), (3, 1));
        let rows = kept(&t).await;
        assert_eq!((rows.len(), rows[0].patron_id, rows[0].title_id), (1, reader.id, item.title));
        assert!(rows[0].for_patron && rows[0].for_home_service);
        t.probe().await;
    }

    async fn a_history_is_kept_for_those_alone_for_whom_the_policy_says_so(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("history.default", "home_service").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (reader, at_home) = (t.patron().await, t.patron().await);
        consent(&t, &reader, ConsentPurpose::LoanHistory).await;
        consent(&t, &at_home, ConsentPurpose::HomeServiceHistory).await;
        read(&t, &kiosk, &reader).await;
        read(&t, &kiosk, &at_home).await;
        t.clock.advance(TimeDelta::days(61));
        t.job(Job::ForgetBorrowers).await;
        let rows = kept(&t).await;
        assert_eq!((rows.len(), rows[0].patron_id), (1, at_home.id));
        assert!(!rows[0].for_patron && rows[0].for_home_service);
    }

    async fn who_held_what_is_forgotten_with_the_trace(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let cancelled = t.hold(&patron, item.title, BRANCH_MAIN).await;
        let token = t.session_at(&kiosk, &patron).await;
        kiosk.cancel_hold(&token, cancelled.id).await.unwrap();
        let waiting = t.hold(&patron, item.title, BRANCH_MAIN).await;
        t.clock.advance(TimeDelta::days(60));
        assert!(t.job(Job::ForgetHolds).await.is_empty());
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job(Job::ForgetHolds).await.count("forgotten_holds"), 1);
        let left = holds::Entity::find().all(t.store.writer()).await.unwrap();
        assert_eq!(left.iter().map(|hold| hold.id).collect::<Vec<_>>(), [waiting.id]);
        t.probe().await;
    }

    async fn answers_and_attempts_are_kept_for_thirty_five_days(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        for _ in 0..5 {
            kiosk.sign_in(&patron.card, patron.pin).await;
            kiosk.take_back(&t.item().await.barcode).await.unwrap();
        }
        let count = async || {
            let answers = remembered_answers::Entity::find().count(t.store.writer()).await.unwrap();
            (answers, pin_attempts::Entity::find().count(t.store.writer()).await.unwrap())
        };
        let before = count().await;
        assert!(before.0 >= 5 && before.1 >= 5);
        t.clock.advance(TimeDelta::days(35));
        t.job(Job::ForgetUse).await;
        assert_eq!(count().await, before);
        t.clock.advance(TimeDelta::hours(1));
        kiosk.take_back(&t.item().await.barcode).await.unwrap();
        t.job(Job::ForgetUse).await;
        assert_eq!(count().await, (1, 0), "what is young stays");
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job(Job::ForgetUse).await.count("patron_sessions"), 5);
    }
}
