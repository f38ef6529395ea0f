//! The ledger of fees by itself: how it was opened, and the day on which a fee lapses.

use chrono::{Months, TimeDelta};
use kortisto::{
    common::v1::{Money, Refusal, RefusalReason, Verdict},
    device::v1::{ListFeesRequest, RecordPaymentRequest},
    staff::v1::{self as staff, fee_service_client::FeeServiceClient},
};
use kortisto_domain::{DeviceKind, FeeEntryKind as Entry, FeeKind, RelationKind, StaffRole};
use kortisto_migrations::{Migrator, MigratorTrait as _};
use kortisto_register::jobs::{Job, JobOrder, JobReport, RunOutcome};
use kortisto_store::entities::{audit, fee_entries};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{FeeSeed, PatronSeed, TestPatron, new_id},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use tokio::time::{Duration, Instant};
use uuid::Uuid;

on_both_engines! {
    async fn fees_from_before_the_ledger_get_their_entries(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let patron = t.patron().await;
        let kept = t.fee(patron.id, 100).await;
        let mut old = Vec::new();
        for (amount, open) in [(600, 600), (600, 250), (600, 0)] {
            let fee = t.fee(patron.id, amount).await;
            let mut row = t.fee_row(fee).await.into_active_model();
            row.open_cents = Set(open);
            row.update(t.store.writer()).await.unwrap();
            old.push(fee);
        }
        // As they were: without a single entry, and the schema one step behind.
        fee_entries::Entity::delete_many()
            .filter(fee_entries::Column::FeeId.is_in(old.clone()))
            .exec(t.store.writer())
            .await
            .unwrap();
        let step_back = "delete from seaql_migrations where version = 'm0016_ledger_opening'";
        t.store.writer().execute_unprepared(step_back).await.unwrap();
        Migrator::up(t.store.writer(), None).await.unwrap();
        assert_eq!(t.ledger(kept).await, [(Entry::Charge, 100)], "it had its entry");
        assert_eq!(t.ledger(old[0]).await, [(Entry::Charge, 600)]);
        assert_eq!(t.ledger(old[1]).await, [(Entry::Charge, 600), (Entry::Payment, -350)]);
        assert_eq!(t.ledger(old[2]).await, [(Entry::Charge, 600), (Entry::Payment, -600)]);
        t.probe().await;
    }

    async fn what_has_lapsed_is_not_owed_before_the_job_has_written_it_down(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("ban.debt_limit_cents", "1000").await;
        for key in
            ["ban.inherit_to_guardian", "self_service.blocked_by_debt", "self_service.blocked_by_lending_ban"]
        {
            t.policy(key, "true").await;
        }
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let door = t.device(DeviceKind::Door).await;
        let today = t.surroundings.moment().today();
        let (owing, guardian) = (t.patron().await, t.patron().await);
        let born = today.checked_sub_months(Months::new(9 * 12));
        let ward = t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        t.relate(&ward, &guardian, RelationKind::Guardian).await;
        // Its last day is today.
        let due = today.checked_sub_months(Months::new(36)).unwrap();
        let created_at = Some(t.surroundings.moment().at_minute(due, 12 * 60));
        let seed = FeeSeed { kind: FeeKind::Other, cents: 1_500, created_at, ..FeeSeed::default() };
        let fees = [t.fee_with(&owing, seed.clone()).await, t.fee_with(&ward, seed).await];

        let asked = async |patron: &TestPatron, fee: Uuid| {
            let token = kiosk.sign_in(&patron.card, patron.pin).await;
            let lent = kiosk.checkout(&token, &t.item().await.barcode).await.unwrap();
            let entered = door.ask_door(&patron.card, None, "door").await.unwrap();
            let request = ListFeesRequest { patron_token: token.clone(), ..Default::default() };
            let listed = kiosk.fees().list_fees(request).await.unwrap().into_inner();
            let request = RecordPaymentRequest {
                request_id: new_id(),
                patron_token: token,
                operator: "Testimaksu".to_owned(),
                order_id: new_id(),
                fee_ids: vec![fee.to_string()],
                // Nobody pays so much: what can be paid is told apart from what cannot, and stays owed.
                amount: Some(Money { minor_units: 9_999, currency_code: "EUR".to_owned() }),
            };
            let paid = kiosk.fees().record_payment(request).await.unwrap().into_inner();
            let reasons = |refusals: &[Refusal]| refusals.iter().map(Refusal::reason).collect::<Vec<_>>();
            let balance = listed.balance.map(|balance| balance.minor_units);
            (reasons(&lent.refusals), entered.verdict(), listed.fees.len(), balance, reasons(&paid.refusals))
        };
        let at_desk = async || {
            let desk = t.staff(&[StaffRole::Desk]).await;
            let mut client = FeeServiceClient::new(desk.channel());
            let request = staff::ListPatronFeesRequest {
                patron_number: owing.number.clone(),
                purpose: staff::Purpose::CustomerService.into(),
                ..Default::default()
            };
            let listed = client.list_patron_fees(request).await.unwrap().into_inner();
            let request = staff::RecordDeskPaymentRequest {
                request_id: new_id(),
                patron_number: owing.number.clone(),
                means: staff::PaymentMeans::Cash.into(),
                amount: Some(Money { minor_units: 1, currency_code: "EUR".to_owned() }),
                ..Default::default()
            };
            (listed.fees.len(), listed.balance.unwrap().minor_units, client.record_desk_payment(request).await.is_ok())
        };
        let denied = |reason| (vec![reason], Verdict::Denied, 1, Some(1_500), vec![RefusalReason::PaymentTooMuch]);
        assert_eq!(asked(&owing, fees[0]).await, denied(RefusalReason::DebtLimit));
        assert_eq!(asked(&guardian, fees[1]).await, denied(RefusalReason::WardBlocked));

        t.clock.advance(TimeDelta::days(1));
        let free = (Vec::new(), Verdict::Granted, 0, Some(0), vec![RefusalReason::FeeNotPayable]);
        assert_eq!(asked(&owing, fees[0]).await, free);
        assert_eq!(asked(&guardian, fees[1]).await, free);
        assert_eq!(at_desk().await, (0, 0, false));
        assert_eq!((t.debt(&owing).await, t.debt(&ward).await), (1_500, 1_500), "the ledger says nothing of it yet");
        t.probe().await;
        assert_eq!(t.job(Job::LapseFees).await.count("lapsed_fees"), 2);
        for fee in fees {
            assert_eq!(t.ledger(fee).await, [(Entry::Charge, 1_500), (Entry::Lapse, -1_500)]);
        }
        assert_eq!(asked(&owing, fees[0]).await, free);
        t.probe().await;
    }

    async fn fees_from_before_their_day_was_kept_get_it_from_the_job(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let patron = t.patron().await;
        let due = t.surroundings.moment().today().checked_sub_months(Months::new(36)).unwrap();
        let at_noon = |day| Some(t.surroundings.moment().at_minute(day, 12 * 60));
        let seed = FeeSeed { kind: FeeKind::Other, cents: 100, ..FeeSeed::default() };
        let lapsed = FeeSeed { created_at: at_noon(due.pred_opt().unwrap()), ..seed.clone() };
        let fees = [t.fee_with(&patron, lapsed).await, t.fee_with(&patron, seed).await];
        let mut days = Vec::new();
        for fee in fees {
            let row = t.fee_row(fee).await;
            days.push(row.lapses_on);
            let mut row = row.into_active_model();
            row.lapses_on = Set(None);
            row.update(t.store.writer()).await.unwrap();
        }
        let counts = |report: JobReport| (report.count("dated_fees"), report.count("lapsed_fees"));
        assert_eq!(counts(t.job_dry(Job::LapseFees).await), (2, 1));
        assert_eq!(t.fee_row(fees[1]).await.lapses_on, None, "a dry run changes nothing");
        assert_eq!(counts(t.job(Job::LapseFees).await), (2, 1));
        assert_eq!([t.fee_row(fees[0]).await.lapses_on, t.fee_row(fees[1]).await.lapses_on].to_vec(), days);
        assert_eq!(t.debt(&patron).await, 100);
        assert_eq!(counts(t.job(Job::LapseFees).await), (0, 0), "once");
        t.probe().await;
    }

    async fn a_fee_lapses_on_its_day_and_once(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let today = t.surroundings.moment().today();
        let noon = |day| t.surroundings.moment().at_minute(day, 12 * 60);
        let due = today.checked_sub_months(Months::new(36)).unwrap();
        let sold = FeeSeed { kind: FeeKind::Other, cents: 100, ..FeeSeed::default() };
        let private = |created_at| FeeSeed { created_at: Some(created_at), ..sold.clone() };
        let (one, other) = (t.patron().await, t.patron().await);
        let mut lapsing = Vec::new();
        for patron in [&one, &other] {
            lapsing.push(t.fee_with(patron, private(noon(due.pred_opt().unwrap()))).await);
        }
        let tomorrow = t.fee_with(&one, private(noon(due))).await;
        let public = FeeSeed { created_at: Some(noon(due)), ..FeeSeed::default() };
        let public = t.fee_with(&one, public).await;
        let settled = t.fee_with(&other, private(noon(due.pred_opt().unwrap()))).await;
        t.pay(settled, 100).await;

        let would = t.job_dry(Job::LapseFees).await;
        assert_eq!((would.count("lapsed_fees"), would.count("lapsed_cents"), would.finished), (2, 200, true));
        assert_eq!(t.debt(&one).await, 400, "a dry run changes nothing");
        let did = t.job(Job::LapseFees).await;
        assert_eq!((did.count("lapsed_fees"), did.count("lapsed_cents"), did.finished), (2, 200, true));
        for fee in &lapsing {
            assert_eq!(t.ledger(*fee).await, [(Entry::Charge, 100), (Entry::Lapse, -100)]);
        }
        t.probe().await;
        assert_eq!(t.job(Job::LapseFees).await.count("lapsed_fees"), 0, "once");
        t.clock.advance(TimeDelta::days(1));
        assert_eq!(t.job(Job::LapseFees).await.count("lapsed_fees"), 1);
        assert_eq!((t.fee_row(tomorrow).await.open_cents, t.fee_row(public).await.open_cents), (0, 200));
        let rows = audit::Entity::find().filter(audit::Column::Action.eq("lapse_fees"));
        let rows = rows.all(t.store.writer()).await.unwrap();
        assert_eq!(rows.len(), 3, "one for each patron and batch");
        assert!(rows.iter().all(|row| row.actor == "job" && row.granted && row.device_id.is_none()));
        t.probe().await;

        let late = JobOrder { deadline: Instant::now(), ..JobOrder::within(Duration::ZERO) };
        let stopped = t.register.run_job(Job::LapseFees, late).await.unwrap();
        assert_eq!(stopped, RunOutcome::Ran(JobReport::default()), "no batch begins after the deadline");
    }
}
