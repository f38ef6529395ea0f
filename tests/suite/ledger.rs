//! The ledger of fees by itself: how it was opened, and the day on which a fee lapses.

use chrono::{Months, TimeDelta};
use kortisto_domain::{FeeEntryKind as Entry, FeeKind};
use kortisto_migrations::{Migrator, MigratorTrait as _};
use kortisto_register::jobs::{Job, JobOrder, JobReport, RunOutcome};
use kortisto_store::entities::{audit, fee_entries};
use kortisto_testkit::{TestRegister, on_both_engines, register::FeeSeed};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use tokio::time::{Duration, Instant};

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
