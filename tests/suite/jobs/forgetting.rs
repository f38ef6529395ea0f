//! What is forgotten when its time is over: deleted, not hidden.

use crate::coverage::rpc::reason;
use chrono::TimeDelta;
use kortisto::{
    common::v1::{ErrorReason, Money, Verdict},
    staff::v1::{
        self as wire, fee_service_client::FeeServiceClient,
        home_service_service_client::HomeServiceServiceClient, loan_service_client::LoanServiceClient,
        relation_service_client::RelationServiceClient,
    },
};
use kortisto_domain::{ConsentPurpose, DeviceKind, FeeKind, StaffRole};
use kortisto_register::{
    audit::{SEAL_MARGIN, Sealer, verify},
    jobs::Job,
};
use kortisto_store::entities::{
    audit, fees, holds, kept_history, loan_history, pin_attempts, remembered_answers,
};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Device, FeeSeed, TestItem, TestPatron, new_id},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
};

/// An item that this patron has borrowed and brought back.
async fn read(t: &TestRegister, kiosk: &Device, patron: &TestPatron) -> TestItem {
    let item = t.item().await;
    let token = t.session_at(kiosk, patron).await;
    assert!(kiosk.checkout(&token, &item.barcode).await.unwrap().loan.is_some());
    kiosk.take_back(&item.barcode).await.unwrap();
    item
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

    async fn loans_that_are_owed_for_hold_up_no_others(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (owing, patron) = (t.patron().await, t.patron().await);
        // More than a batch of them, returned at one instant.
        for _ in 0..5 {
            read(&t, &kiosk, &owing).await;
        }
        for trace in traces(&t).await {
            t.fee_of_loan(owing.id, trace.id, FeeKind::Compensation.word(), 2000).await;
        }
        t.clock.advance(TimeDelta::seconds(1));
        for _ in 0..5 {
            read(&t, &kiosk, &patron).await;
        }
        t.clock.advance(TimeDelta::days(61));
        // Nothing goes, and so every page begins behind rows that are still there.
        assert_eq!(t.job_dry(Job::ForgetBorrowers).await.count("forgotten_loans"), 5);
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("forgotten_loans"), 5);
        assert!(traces(&t).await.iter().all(|trace| trace.patron_id == owing.id));
        assert_eq!(traces(&t).await.len(), 5);
        for fee in t.fees_of(&owing).await {
            t.pay(fee.id, 2000).await;
        }
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("forgotten_loans"), 5);
        t.probe().await;
    }

    async fn holds_that_are_owed_for_hold_up_no_others(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("fee.uncollected_hold_cents", "100").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let wait = async |patron: &TestPatron| {
            let item = t.item().await;
            t.hold(patron, item.title, BRANCH_MAIN).await;
            kiosk.take_back(&item.barcode).await.unwrap();
        };
        let (owing, patron) = (t.patron().await, t.patron().await);
        for _ in 0..5 {
            wait(&owing).await;
        }
        t.clock.advance(TimeDelta::days(30));
        // All of them end on one day, and are closed at one instant.
        assert_eq!(t.job_dry(Job::ExpireHolds).await.count("uncollected_holds"), 5);
        assert_eq!(t.job(Job::ExpireHolds).await.count("uncollected_holds"), 5);
        t.clock.advance(TimeDelta::seconds(1));
        for _ in 0..5 {
            wait(&patron).await;
        }
        t.clock.advance(TimeDelta::days(30));
        assert_eq!(t.job(Job::ExpireHolds).await.count("uncollected_holds"), 5);
        t.let_off(&patron).await;
        t.clock.advance(TimeDelta::days(61));
        assert_eq!(t.job_dry(Job::ForgetHolds).await.count("forgotten_holds"), 5);
        assert_eq!(t.job(Job::ForgetHolds).await.count("forgotten_holds"), 5);
        let left = holds::Entity::find().all(t.store.writer()).await.unwrap();
        assert!(left.len() == 5 && left.iter().all(|hold| hold.patron_id == owing.id));
        t.let_off(&owing).await;
        assert_eq!(t.job(Job::ForgetHolds).await.count("forgotten_holds"), 5);
        t.probe().await;
    }

    async fn a_trace_stays_while_something_is_owed_at_a_desk_for_the_item(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, other) = (t.patron().await, t.patron().await);
        let item = read(&t, &kiosk, &patron).await;
        let token = t.session_at(&kiosk, &other).await;
        kiosk.checkout(&token, &item.barcode).await.unwrap();
        kiosk.take_back(&item.barcode).await.unwrap();
        let desk = t.staff(&[StaffRole::Desk]).await;
        let request = wire::ChargeFeeRequest {
            request_id: new_id(),
            patron_number: patron.number.clone(),
            kind: wire::FeeKind::Compensation.into(),
            amount: Some(Money { minor_units: 900, currency_code: "EUR".to_owned() }),
            note: "Coffee on every page".to_owned(),
            item_barcode: item.barcode.clone(),
        };
        let fee = FeeServiceClient::new(desk.channel()).charge_fee(request).await.unwrap().into_inner().fee_id;
        let fee = fee.parse().unwrap();
        t.clock.advance(TimeDelta::days(61));
        let done = t.job(Job::ForgetBorrowers).await;
        assert_eq!((done.count("forgotten_loans"), done.count("items_of_desk_fees")), (1, 0), "the other's");
        assert_eq!(traces(&t).await[0].patron_id, patron.id);
        assert_eq!(t.fee_row(fee).await.item_id, Some(item.id));
        t.pay(fee, 900).await;
        let done = t.job(Job::ForgetBorrowers).await;
        assert_eq!((done.count("forgotten_loans"), done.count("items_of_desk_fees")), (1, 1));
        let row = t.fee_row(fee).await;
        assert_eq!((row.item_id, row.amount_cents), (None, 900), "what was paid stays, for what does not");
        t.probe().await;
    }

    async fn what_a_desk_charged_names_its_item_as_long_as_a_trace_lasts(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, lent, spoilt) = (t.patron().await, t.item().await, t.item().await);
        let mut fees = Vec::new();
        // One that is still on loan, one that was never lent, and one of which something is owed.
        for (item, paid) in [(&lent, 200), (&spoilt, 200), (&spoilt, 150)] {
            let seed = FeeSeed { kind: FeeKind::Compensation, item: Some(item), ..FeeSeed::default() };
            let fee = t.fee_with(&patron, seed).await;
            t.pay(fee, paid).await;
            fees.push(fee);
        }
        let token = t.session_at(&kiosk, &patron).await;
        assert!(kiosk.checkout(&token, &lent.barcode).await.unwrap().loan.is_some());
        t.clock.advance(TimeDelta::days(60));
        assert!(t.job(Job::ForgetBorrowers).await.is_empty());
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job_dry(Job::ForgetBorrowers).await.count("items_of_desk_fees"), 1);
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("items_of_desk_fees"), 1);
        let mut named = Vec::new();
        for fee in fees {
            named.push(t.fee_row(fee).await.item_id);
        }
        assert_eq!(named, [Some(lent.id), None, Some(spoilt.id)]);
        t.probe().await;
    }

    async fn a_kept_history_is_shown_after_the_trace_and_erased_with_each_consent(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (reader, other) = (t.patron().await, t.patron().await);
        let carer = t.staff(&[StaffRole::HomeService]).await;
        let set = |patron: &TestPatron, state: wire::ConsentState| wire::SetConsentRequest {
            request_id: new_id(),
            patron_number: patron.number.clone(),
            about: wire::ConsentPurpose::HomeServiceHistory.into(),
            state: state.into(),
            form: wire::ConsentForm::Paper.into(),
            text_version: "2026-1".to_owned(),
        };
        for patron in [&reader, &other] {
            let served = wire::PutHomeServiceRequest {
                request_id: new_id(),
                patron_number: patron.number.clone(),
                street: "Kirjastokatu 1 A 2".to_owned(),
                postcode: "55100".to_owned(),
                post_office: "Imatra".to_owned(),
                first_on: t.surroundings.moment().today().to_string(),
                every_weeks: 2,
                ..Default::default()
            };
            let mut home = HomeServiceServiceClient::new(carer.channel());
            home.put_home_service(served).await.unwrap();
            home.set_consent(set(patron, wire::ConsentState::Granted)).await.unwrap();
        }
        let own = t.consent(&reader, ConsentPurpose::LoanHistory).await;
        t.clock.advance(TimeDelta::minutes(1));
        let item = read(&t, &kiosk, &reader).await;
        read(&t, &kiosk, &other).await;
        t.clock.advance(TimeDelta::days(61));
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("loans_kept_in_histories"), 2);

        let clerk = t.staff(&[StaffRole::Desk]).await;
        let carer = t.staff(&[StaffRole::HomeService]).await;
        let mut relations = RelationServiceClient::new(clerk.channel());
        let mut home = HomeServiceServiceClient::new(carer.channel());
        let page = wire::ListHomeServiceHistoryRequest {
            patron_number: reader.number.clone(),
            purpose: wire::Purpose::HomeService.into(),
            ..Default::default()
        };
        let shown = home.list_home_service_history(page.clone()).await.unwrap().into_inner();
        assert_eq!(shown.loans.len(), 1, "the trace is gone, what was consented to is not");

        // The patron's own consent: what the home service keeps is kept by another one.
        let request = wire::WithdrawConsentRequest { request_id: new_id(), consent_id: own.id };
        relations.withdraw_consent(request).await.unwrap();
        let of_reader = kept(&t).await.into_iter().find(|row| row.patron_id == reader.id).unwrap();
        assert_eq!((of_reader.title_id, of_reader.for_patron, of_reader.for_home_service), (item.title, false, true));
        home.set_consent(set(&reader, wire::ConsentState::Refused)).await.unwrap();
        let left: Vec<_> = kept(&t).await.iter().map(|row| row.patron_id).collect();
        assert_eq!(left, [other.id], "of nobody else anything is erased");
        assert_eq!(reason(&home.list_home_service_history(page).await.unwrap_err()), ErrorReason::RuleBroken);
        t.probe().await;
    }

    async fn what_a_patron_has_consented_to_is_kept(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (reader, silent) = (t.patron().await, t.patron().await);
        read(&t, &kiosk, &reader).await;
        t.clock.advance(TimeDelta::minutes(1));
        t.consent(&reader, ConsentPurpose::LoanHistory).await;
        t.consent(&reader, ConsentPurpose::HomeServiceHistory).await;
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
        t.consent(&reader, ConsentPurpose::LoanHistory).await;
        t.consent(&at_home, ConsentPurpose::HomeServiceHistory).await;
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

    async fn the_audit_trail_forgets_items_and_its_chain_stays_whole(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let patron = t.patron().await;
        read(&t, &kiosk, &patron).await;
        let (taken, token) = (t.item().await, t.session_at(&kiosk, &patron).await);
        kiosk.checkout(&t.session_at(&kiosk, &t.patron().await).await, &taken.barcode).await.unwrap();
        assert!(kiosk.checkout(&token, &taken.barcode).await.unwrap().loan.is_none(), "somebody else has it");
        let held = t.item().await;
        let hold = t.hold(&patron, held.title, BRANCH_MAIN).await;
        kiosk.cancel_hold(&token, hold.id).await.unwrap();
        let staff = t.staff(&[StaffRole::Desk]).await;
        let request = wire::ReportLoanRequest {
            request_id: new_id(),
            item_barcode: taken.barcode.clone(),
            report: wire::LoanReport::ClaimedReturned.into(),
        };
        LoanServiceClient::new(staff.channel()).report_loan(request).await.unwrap();
        kiosk.take_back(&taken.barcode).await.unwrap();
        // A loan that goes on, so that some rows keep what they name.
        let (out, reader) = (t.item().await, t.patron().await);
        kiosk.checkout(&t.session_at(&kiosk, &reader).await, &out.barcode).await.unwrap();
        let mut sealer = Sealer::new(&t.register, None);
        sealer.seal(SEAL_MARGIN).await.unwrap();
        let head = sealer.sign_head().await.unwrap().unwrap();
        let naming = async || {
            let rows = audit::Entity::find().filter(audit::Column::Subject.eq(patron.pseudonym)).all(t.store.writer());
            let rows = rows.await.unwrap();
            let named = |row: &&audit::Model| row.item_id.is_some() || row.loan_id.is_some() || row.hold_id.is_some();
            (rows.len(), rows.iter().filter(named).count())
        };
        let before = naming().await;
        assert_eq!(before.1, 3, "a check-out, a refusal, a cancelled hold");
        t.clock.advance(TimeDelta::days(60));
        for job in [Job::ForgetBorrowers, Job::ForgetHolds, Job::ForgetItemsInTrail] {
            assert!(t.job(job).await.is_empty(), "{job:?}");
        }
        t.clock.advance(TimeDelta::days(1));
        for job in [Job::ForgetBorrowers, Job::ForgetHolds, Job::ForgetItemsInTrail] {
            assert!(!t.job(job).await.is_empty(), "{job:?}");
        }
        assert_eq!(naming().await, (before.0, 0), "that something happened stays");
        let report = verify(t.store.readers(), &t.keys.audit_public_key(), &[head]).await.unwrap();
        assert_eq!((report.fault, report.forgotten, report.unsealed), (None, 7, 0));
        t.probe().await;

        // Only that, and only once.
        let all = "item_id = null, loan_id = null, hold_id = null, named_salt = null";
        for forbidden in [
            format!("update audit set {all}, named_hash = null"),
            format!("update audit set {all}, named_hash = subject_hash").replace("subject_hash", "named_salt"),
            "update audit set item_id = 1 where named_hash is not null".to_owned(),
            "update audit set subject = null where named_hash is null".to_owned(),
        ] {
            assert!(t.store.writer().execute_unprepared(&forbidden).await.is_err(), "{forbidden}");
        }
    }

    async fn what_was_undone_is_forgotten_as_what_was_returned(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, reader) = (t.patron().await, t.patron().await);
        let lend = async |patron: &TestPatron, item: &TestItem| {
            let token = t.session_at(&kiosk, patron).await;
            kiosk.checkout(&token, &item.barcode).await.unwrap().loan.unwrap().loan_id.parse().unwrap()
        };
        let undo = async |loan, item: &TestItem| {
            let undone = kiosk.cancel_checkout(loan, &item.barcode).await.unwrap();
            assert_eq!(undone.verdict(), Verdict::Granted);
            undone.loan_goes_on()
        };
        let (lent, held, renewed) = (t.item().await, t.item().await, t.item().await);
        undo(lend(&patron, &lent).await, &lent).await;
        // A pickup; its hold is over after that.
        let hold = t.hold(&patron, held.title, BRANCH_MAIN).await;
        kiosk.take_back(&held.barcode).await.unwrap();
        let token = t.session_at(&kiosk, &patron).await;
        let loan = kiosk.pick_up(&token, hold.id).await.unwrap().loan.unwrap().loan_id.parse().unwrap();
        undo(loan, &held).await;
        assert_eq!(kiosk.cancel_hold(&token, hold.id).await.unwrap().verdict(), Verdict::Granted);
        // A renewal: the loan goes on.
        let loan = lend(&reader, &renewed).await;
        t.make_due(&renewed, t.surroundings.moment().today() + TimeDelta::days(3)).await;
        let token = t.session_at(&kiosk, &reader).await;
        assert_eq!(kiosk.renew(&token, &renewed.barcode).await.unwrap().verdict(), Verdict::Granted);
        assert!(undo(loan, &renewed).await);

        let naming = async |patron: &TestPatron| {
            let rows = audit::Entity::find().filter(audit::Column::Subject.eq(patron.pseudonym)).all(t.store.writer());
            let named = |row: &audit::Model| row.item_id.is_some() || row.loan_id.is_some() || row.hold_id.is_some();
            rows.await.unwrap().into_iter().filter(named).count()
        };
        // Check-out and pickup, each with its undoing, and the cancelled hold.
        assert_eq!((naming(&patron).await, naming(&reader).await), (5, 3));
        t.clock.advance(TimeDelta::days(60));
        for job in [Job::ForgetBorrowers, Job::ForgetHolds] {
            assert!(t.job(job).await.is_empty(), "{job:?}");
        }
        assert_eq!(t.job(Job::ForgetItemsInTrail).await.count("undone_loans_in_trail"), 0);
        assert_eq!(naming(&patron).await, 5);
        t.clock.advance(TimeDelta::days(1));
        t.job(Job::ForgetBorrowers).await;
        t.job(Job::ForgetHolds).await;
        let would = t.job_dry(Job::ForgetItemsInTrail).await.count("undone_loans_in_trail");
        assert_eq!((would, naming(&patron).await), (2, 4), "a dry run forgets nothing");
        assert_eq!(t.job(Job::ForgetItemsInTrail).await.count("undone_loans_in_trail"), 2);
        assert_eq!((naming(&patron).await, naming(&reader).await), (0, 3));
        t.probe().await;
        // Once it is over, that loan goes with its trace.
        kiosk.take_back(&renewed.barcode).await.unwrap();
        t.clock.advance(TimeDelta::days(61));
        assert_eq!(t.job(Job::ForgetBorrowers).await.count("forgotten_loans"), 1);
        assert_eq!(naming(&reader).await, 0);
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
