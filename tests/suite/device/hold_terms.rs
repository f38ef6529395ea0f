//! What may be held, how long a hold waits, and until when it is frozen: as asked for, within the policies.

use crate::coverage::rpc::fault;
use chrono::{Days, NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, Refusal, RefusalReason},
    device::v1::{ChangeHoldRequest, Hold, HoldLevel, ItemRouting, PlaceHoldRequest, PlaceHoldResponse},
    staff::v1::{ListPullItemsRequest, hold_service_client::HoldServiceClient},
};
use kortisto_domain::{DeviceKind, PatronCategory, StaffRole};
use kortisto_register::jobs::Job;
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{
        BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, PatronSeed, PolicyScope, TestHold, TestItem, TestPatron,
        new_id,
    },
};
use tonic::Status;

/// A patron at a kiosk.
struct Scene {
    t: TestRegister,
    kiosk: Device,
    patron: TestPatron,
}

impl Scene {
    async fn start(engine: Engine, policies: &[(&str, &str)]) -> Self {
        let t = TestRegister::start(engine).await;
        for (key, value) in policies {
            t.policy(key, value).await;
        }
        let (kiosk, patron) = (t.device(DeviceKind::SelfCheckout).await, t.patron().await);
        Self { t, kiosk, patron }
    }

    /// So many days after today.
    fn day(&self, days: u64) -> NaiveDate {
        self.t.surroundings.moment().today() + Days::new(days)
    }

    async fn place(
        &self,
        patron: &TestPatron,
        item: &TestItem,
        wish: PlaceHoldRequest,
    ) -> Result<PlaceHoldResponse, Status> {
        let request = PlaceHoldRequest {
            request_id: new_id(),
            patron_token: self.t.session_at(&self.kiosk, patron).await,
            item_barcode: item.barcode.clone(),
            pickup_branch: "main".to_owned(),
            ..wish
        };
        self.kiosk.holds().place_hold(request).await.map(tonic::Response::into_inner)
    }

    /// A hold of the patron on a new title.
    async fn placed(&self, wish: PlaceHoldRequest) -> (TestItem, TestHold, Hold) {
        let item = self.t.item().await;
        let answer = self.place(&self.patron, &item, wish).await.unwrap();
        let hold = answer.hold.unwrap();
        (item, TestHold { id: hold.hold_id.parse().unwrap() }, hold)
    }

    async fn change(&self, hold: TestHold, edit: ChangeHoldRequest) -> Result<Hold, Status> {
        let request = ChangeHoldRequest {
            request_id: new_id(),
            patron_token: self.t.session_at(&self.kiosk, &self.patron).await,
            hold_id: hold.id.to_string(),
            ..edit
        };
        let answer = self.kiosk.holds().change_hold(request).await?.into_inner();
        assert!(answer.refusals.is_empty(), "{:?}", answer.refusals);
        Ok(answer.hold.unwrap())
    }

    async fn wait_until(&self, hold: TestHold, day: &str) -> Result<Hold, Status> {
        self.change(hold, ChangeHoldRequest { valid_until: day.to_owned(), ..Default::default() }).await
    }
}

fn until(day: NaiveDate) -> PlaceHoldRequest {
    PlaceHoldRequest { valid_until: day.to_string(), ..Default::default() }
}

fn frozen(day: NaiveDate) -> PlaceHoldRequest {
    PlaceHoldRequest { frozen_until: day.to_string(), ..Default::default() }
}

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

/// The field that a fault names.
fn field(status: &Status) -> (ErrorReason, String) {
    let (reason, metadata) = fault(status);
    (reason, metadata["field"].clone())
}

on_both_engines! {
    async fn what_may_not_be_held_is_not_held(engine: Engine) {
        const QUICK: &str = "pikalainat";
        let s = Scene::start(engine, &[]).await;
        let all = PolicyScope::default();
        s.t.policy_for("hold.allowed", PolicyScope { collection: Some(QUICK), ..all }, "false").await;
        s.t.policy_for("hold.allowed", PolicyScope { material: Some("game"), ..all }, "false").await;
        let ours = PolicyScope { material: Some("game"), category: Some(PatronCategory::Staff), ..all };
        s.t.policy_for("hold.allowed", ours, "true").await;
        let staff = PatronSeed { category: PatronCategory::Staff, ..PatronSeed::default() };
        let staff = s.t.patron_with(staff).await;
        let no: &[RefusalReason] = &[RefusalReason::HoldNotAllowed];
        for (patron, material, collection, expected) in [
            (&s.patron, "book", "aikuiset", &[][..]),
            (&s.patron, "book", QUICK, no),
            (&s.patron, "game", "aikuiset", no),
            (&staff, "game", "aikuiset", &[]),
            (&staff, "game", QUICK, no),
        ] {
            let item = s.t.item_with(ItemSeed { material, collection, ..ItemSeed::default() }).await;
            let answer = s.place(patron, &item, PlaceHoldRequest::default()).await.unwrap();
            assert_eq!(reasons(&answer.refusals), expected, "{material} of {collection}");
        }
        // One item that may be held is enough for its title, and the other one is not what serves the hold.
        let quick = s.t.item_with(ItemSeed { collection: QUICK, ..ItemSeed::default() }).await;
        let plain = s.t.item_with(ItemSeed { title: Some(quick.title), ..ItemSeed::default() }).await;
        let this = PlaceHoldRequest { level: HoldLevel::Item.into(), ..Default::default() };
        assert_eq!(reasons(&s.place(&s.patron, &quick, this).await.unwrap().refusals), no);
        let any = s.place(&s.patron, &quick, PlaceHoldRequest::default()).await.unwrap();
        assert_eq!(reasons(&any.refusals), []);
        assert_eq!(s.kiosk.take_back(&quick.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        let desk = s.t.staff(&[StaffRole::Desk]).await;
        let here = ListPullItemsRequest { branch: "main".to_owned(), ..Default::default() };
        let pulled = HoldServiceClient::new(desk.channel()).list_pull_items(here).await.unwrap().into_inner().items;
        let is_pulled = |item: &TestItem| pulled.iter().any(|pulled| pulled.item_barcode == item.barcode);
        assert_eq!((is_pulled(&plain), is_pulled(&quick)), (true, false));
        // Nobody waits for a quick loan, so it is renewed.
        let reader = s.t.patron().await;
        let token = s.t.session_at(&s.kiosk, &reader).await;
        let lent = s.kiosk.checkout(&token, &quick.barcode).await.unwrap();
        s.t.make_due(&quick, s.day(1)).await;
        assert_eq!(reasons(&s.kiosk.renew(&token, &quick.barcode).await.unwrap().refusals), [], "{lent:?}");
        s.kiosk.take_back(&quick.barcode).await.unwrap();
        assert_eq!(s.kiosk.take_back(&plain.barcode).await.unwrap().routing(), ItemRouting::HoldShelf);
        s.t.probe().await;
    }

    async fn a_hold_moves_to_no_branch_where_it_could_not_be_placed(engine: Engine) {
        let s = Scene::start(engine, &[]).await;
        let east = PolicyScope { branch: Some(BRANCH_EAST), ..PolicyScope::default() };
        s.t.policy_for("hold.allowed", east, "false").await;
        let (_, hold, _) = s.placed(PlaceHoldRequest::default()).await;
        let request = ChangeHoldRequest {
            request_id: new_id(),
            patron_token: s.t.session_at(&s.kiosk, &s.patron).await,
            hold_id: hold.id.to_string(),
            pickup_branch: "east".to_owned(),
            ..Default::default()
        };
        let refused = s.kiosk.holds().change_hold(request).await.unwrap().into_inner();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldNotAllowed]);
        assert_eq!(s.t.hold_row(hold).await.pickup_branch_id, BRANCH_MAIN);
    }

    async fn a_hold_waits_as_long_as_is_asked_within_the_policy(engine: Engine) {
        let s = Scene::start(engine, &[("hold.validity_days", "30")]).await;
        for (wish, last) in [
            (PlaceHoldRequest::default(), 30),
            (until(s.day(0)), 0),
            (until(s.day(10)), 10),
            (until(s.day(30)), 30),
            (until(s.day(31)), 30),
            (until("2200-12-31".parse().unwrap()), 30),
        ] {
            let asked = wish.valid_until.clone();
            let (_, id, hold) = s.placed(wish).await;
            assert_eq!(hold.valid_until, s.day(last).to_string(), "asked for {asked:?}");
            assert_eq!(s.t.hold_row(id).await.valid_until, Some(s.day(last)), "asked for {asked:?}");
        }
        let yesterday = s.day(0).pred_opt().unwrap();
        let past = s.place(&s.patron, &s.t.item().await, until(yesterday)).await.unwrap_err();
        assert_eq!(field(&past), (ErrorReason::FieldInvalid, "valid_until".to_owned()));

        // It is served on its last day, and closed on the next one.
        let (item, id, _) = s.placed(until(s.day(2))).await;
        let (other, late, _) = s.placed(until(s.day(2))).await;
        s.t.clock.advance(TimeDelta::days(2));
        assert_eq!(s.t.job(Job::ExpireHolds).await.count("ended_holds"), 1, "the one for a day");
        assert_eq!(s.kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::HoldShelf);
        assert_eq!(s.t.hold_row(id).await.kept_item_id, Some(item.id));
        s.t.clock.advance(TimeDelta::days(1));
        assert_eq!(s.kiosk.take_back(&other.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        assert_eq!(s.t.job(Job::ExpireHolds).await.count("ended_holds"), 1);
        assert!(s.t.hold_row(late).await.closed_at.is_some());
        s.t.probe().await;
    }

    async fn a_changed_hold_waits_no_longer_than_the_policy_from_the_day_it_was_placed(engine: Engine) {
        let s = Scene::start(engine, &[("hold.validity_days", "30")]).await;
        let (_, id, _) = s.placed(until(s.day(20))).await;
        let placed = s.day(0);
        let after = |days: u64| placed + Days::new(days);
        s.t.clock.advance(TimeDelta::days(12));
        for (asked, last) in [(25, 25), (30, 30), (31, 30), (42, 30), (12, 12), (13, 13)] {
            let changed = s.wait_until(id, &after(asked).to_string()).await.unwrap();
            assert_eq!(changed.valid_until, after(last).to_string(), "asked for day {asked}");
            assert_eq!(s.t.hold_row(id).await.valid_until, Some(after(last)), "asked for day {asked}");
        }
        let past = s.wait_until(id, &after(11).to_string()).await.unwrap_err();
        assert_eq!(field(&past), (ErrorReason::FieldInvalid, "valid_until".to_owned()));
        assert_eq!(s.t.hold_row(id).await.valid_until, Some(after(13)));
        // Where a shorter policy would have ended it already, it ends today.
        s.t.policy_for("hold.validity_days", PolicyScope { from: Some(s.day(0)), ..PolicyScope::default() }, "5").await;
        let changed = s.wait_until(id, &after(20).to_string()).await.unwrap();
        assert_eq!(changed.valid_until, s.day(0).to_string());
        // What nobody asks for stays.
        let kept = s.change(id, ChangeHoldRequest { pickup_branch: "east".to_owned(), ..Default::default() }).await;
        assert_eq!(kept.unwrap().valid_until, s.day(0).to_string());
        s.t.probe().await;
    }

    async fn a_hold_is_frozen_from_the_start_within_the_policy(engine: Engine) {
        let s = Scene::start(engine, &[("hold.freeze_days_max", "20")]).await;
        for (wish, expected) in [
            (PlaceHoldRequest::default(), None),
            (frozen(s.day(5)), Some(5)),
            (frozen(s.day(20)), Some(20)),
            (frozen(s.day(21)), Some(20)),
        ] {
            let asked = wish.frozen_until.clone();
            let expected = expected.map(|days| s.day(days));
            let (_, id, hold) = s.placed(wish).await;
            let shown = expected.map(|day| day.to_string()).unwrap_or_default();
            assert_eq!(hold.frozen_until, shown, "asked for {asked:?}");
            assert_eq!(s.t.hold_row(id).await.frozen_until, expected, "asked for {asked:?}");
        }
        // It keeps its place and gets nothing, until its last day is over.
        let (item, id, hold) = s.placed(frozen(s.day(3))).await;
        assert_eq!(hold.queue_position, 1);
        for (days, routing) in [(0, ItemRouting::Shelf), (3, ItemRouting::Shelf), (1, ItemRouting::HoldShelf)] {
            s.t.clock.advance(TimeDelta::days(days));
            assert_eq!(s.kiosk.take_back(&item.barcode).await.unwrap().routing(), routing, "{}", s.day(0));
        }
        assert_eq!(s.t.hold_row(id).await.kept_item_id, Some(item.id));
        s.t.probe().await;
    }
}
