//! Holds that nobody picked up, and holds that waited long enough.

use chrono::{Days, TimeDelta};
use kortisto::{common::v1::Verdict, device::v1::ItemRouting};
use kortisto_domain::{DeviceKind, FeeKind, HoldState, ItemState};
use kortisto_register::jobs::{Job, JobReport};
use kortisto_store::entities::{audit, fee_entries, fees, holds, year_counters};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, ItemSeed, PatronSeed, PolicyScope},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

async fn expire(t: &TestRegister) -> JobReport {
    t.job(Job::ExpireHolds).await
}

fn counts<const N: usize>(counts: [(&'static str, u64); N]) -> JobReport {
    JobReport { counts: counts.into(), finished: true }
}

on_both_engines! {
    async fn a_collection_may_be_exempt_from_what_nobody_picked_up_costs(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("fee.uncollected_hold_cents", "150").await;
        let children = PolicyScope { collection: Some("children"), ..PolicyScope::default() };
        t.policy_for("fee.uncollected_hold_cents", children, "0").await;
        let (kiosk, patron) = (t.device(DeviceKind::SelfCheckout).await, t.patron().await);
        for collection in ["children", "adults"] {
            let item = t.item_with(ItemSeed { collection, ..ItemSeed::default() }).await;
            t.hold(&patron, item.title, BRANCH_MAIN).await;
            kiosk.take_back(&item.barcode).await.unwrap();
        }
        t.clock.advance(TimeDelta::days(8));
        assert_eq!(expire(&t).await, counts([("uncollected_holds", 2), ("fees", 1)]));
        assert_eq!(t.debt(&patron).await, 150);
        t.probe().await;
    }

    async fn what_nobody_picked_up_goes_to_the_next_and_costs(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("fee.uncollected_hold_cents", "150").await;
        t.policy("fee.uncollected_hold_exempt_under_age", "15").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (late, heir, item) = (t.patron().await, t.patron().await, t.item().await);
        let first = t.hold(&late, item.title, BRANCH_MAIN).await;
        let second = t.hold(&heir, item.title, BRANCH_MAIN).await;
        let ready = kiosk.take_back(&item.barcode).await.unwrap();
        let born = Some(t.surroundings.moment().today() - Days::new(9 * 365));
        let child = t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        let (picture_book, travelling) = (t.item().await, t.item().await);
        let of_child = t.hold(&child, picture_book.title, BRANCH_MAIN).await;
        kiosk.take_back(&picture_book.barcode).await.unwrap();
        t.hold(&late, travelling.title, BRANCH_MAIN).await;
        let to_east = t.hold(&heir, travelling.title, BRANCH_EAST).await;
        kiosk.take_back(&travelling.barcode).await.unwrap();

        // On the last day nothing lapses; the day after, it can still be picked up until it has.
        t.clock.advance(TimeDelta::days(7));
        assert_eq!(expire(&t).await, counts([]));
        t.clock.advance(TimeDelta::days(1));
        let before = t.dump().await;
        let would = t.job_dry(Job::ExpireHolds).await;
        assert_eq!(would, counts([("uncollected_holds", 3)]));
        assert_eq!(t.dump().await, before, "a dry run writes nothing");
        let done = expire(&t).await;
        assert_eq!(done, counts([("uncollected_holds", 3), ("items_passed_on", 1), ("fees", 2)]));
        assert_eq!(expire(&t).await, counts([]));
        t.probe().await;

        let lapsed = t.hold_row(first).await;
        assert_eq!((lapsed.state, lapsed.closed_by.as_deref()), (HoldState::Lapsed.code(), Some("job")));
        let next = t.hold_row(second).await;
        assert_eq!((next.state, next.kept_item_id), (HoldState::Ready.code(), Some(item.id)));
        assert_ne!(next.pickup_number, Some(ready.pickup_number));
        assert_eq!(next.pickup_until, Some(t.surroundings.moment().today() + Days::new(7)));
        let of_late = fees::Entity::find().filter(fees::Column::PatronId.eq(late.id));
        let of_late = of_late.all(t.store.writer()).await.unwrap();
        assert_eq!(of_late.len(), 2);
        let fee = of_late.iter().find(|fee| fee.hold_id == Some(first.id)).unwrap();
        assert_eq!(fee.kind, FeeKind::UncollectedHold.word());
        assert_eq!((fee.amount_cents, fee.open_cents, fee.municipality.as_str()), (150, 150, "153"));
        assert_eq!(fee.rule.as_deref(), Some("fee.uncollected_hold_cents"));
        let charges = fee_entries::Entity::find().filter(fee_entries::Column::FeeId.eq(fee.id));
        assert_eq!(charges.all(t.store.writer()).await.unwrap().len(), 1);
        assert_eq!(t.hold_row(of_child).await.state, HoldState::Lapsed.code(), "and costs a child nothing");
        let counted = year_counters::Entity::find().filter(year_counters::Column::PatronId.eq(late.id));
        let years = counted.all(t.store.writer()).await.unwrap();
        assert_eq!(years.iter().map(|year| year.uncollected_holds).sum::<i32>(), 2);
        let rows = audit::Entity::find().filter(audit::Column::Action.eq("expire_hold"));
        let rows = rows.all(t.store.writer()).await.unwrap();
        assert!(rows.len() == 3 && rows.iter().all(|row| row.actor == "job" && row.device_id.is_none()));

        // Whose next hold is picked up elsewhere waits to be taken off; the scan says where it goes.
        let left = t.item_row(&travelling).await;
        assert_eq!((left.state, left.kept_for_hold_id), (ItemState::OnHoldShelf.code(), None));
        assert_eq!(t.hold_row(to_east).await.state, HoldState::Pending.code());
        let scanned = kiosk.take_back(&travelling.barcode).await.unwrap();
        assert_eq!(scanned.routing(), ItemRouting::TransitToHold);
        t.probe().await;
    }

    async fn a_ready_hold_can_be_picked_up_until_it_has_lapsed(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        t.clock.advance(TimeDelta::days(20));
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        assert_eq!(kiosk.pick_up(&token, hold.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(expire(&t).await, counts([]));
        t.probe().await;
    }

    async fn holds_of_one_queue_that_lapse_together_are_handed_on_in_order(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let item = t.item().await;
        let mut heirs = Vec::new();
        let copy = ItemSeed { title: Some(item.title), ..Default::default() };
        let copy = t.item_with(copy).await;
        for _ in 0..5 {
            heirs.push(t.hold(&t.patron().await, item.title, BRANCH_MAIN).await);
        }
        kiosk.take_back(&item.barcode).await.unwrap();
        kiosk.take_back(&copy.barcode).await.unwrap();
        let ended = t.surroundings.moment().today() + Days::new(1);
        t.set_hold(heirs[2], holds::Column::ValidUntil, ended).await;
        t.clock.advance(TimeDelta::days(8));
        let done = expire(&t).await;
        assert_eq!(done, counts([("uncollected_holds", 2), ("ended_holds", 1), ("items_passed_on", 2)]));
        let mut states = Vec::new();
        for hold in heirs {
            states.push(t.hold_row(hold).await.state);
        }
        let (ready, lapsed) = (HoldState::Ready.code(), HoldState::Lapsed.code());
        assert_eq!(states, [lapsed, lapsed, lapsed, ready, ready]);
        t.probe().await;
    }
}
