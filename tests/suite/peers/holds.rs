//! Holds, hold shelves and lockers, as peers have them.

use super::{Scene, reasons};
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{
        ChangeHoldRequest, HoldLevel, ItemRouting, ListHoldsRequest, PlaceHoldRequest,
        StockCompartmentRequest, WatchHoldShelfRequest,
    },
};
use kortisto_domain::{DeviceKind, HoldState};
use kortisto_testkit::{
    on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, ItemSeed, TestHold, new_id},
};
use std::time::Duration;
use tokio::time::timeout;

/// A machine under the load of a test run is given long.
const IN_TIME: Duration = Duration::from_secs(10);

on_both_engines! {
    async fn hold_items_and_unavailable_items(engine: Engine) {
        let s = Scene::start(engine).await;
        let (here, out) = (s.t.item().await, s.t.item().await);
        let ready = s.t.hold(&s.patron, here.title, BRANCH_MAIN).await;
        let waiting = s.t.hold(&s.patron, out.title, BRANCH_MAIN).await;
        s.kiosk.take_back(&here.barcode).await.unwrap();
        let request = ListHoldsRequest { patron_token: s.token.clone(), ..Default::default() };
        let listed = s.kiosk.holds().list_holds(request).await.unwrap().into_inner();
        let ids = |holds: &[kortisto::device::v1::Hold]| {
            holds.iter().map(|hold| hold.hold_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&listed.ready), [ready.id.to_string()]);
        assert_eq!(ids(&listed.pending), [waiting.id.to_string()]);
    }

    async fn hold_add_modify_cancel(engine: Engine) {
        let s = Scene::start(engine).await;
        let item = s.t.item().await;
        let seed = || ItemSeed { title: Some(item.title), ..ItemSeed::default() };
        let (copy, of_east) =
            (s.t.item_with(seed()).await, s.t.item_with(ItemSeed { home: BRANCH_EAST, ..seed() }).await);
        // The one item, what the other branch owns, and any: each is a wish of its own.
        let mut placed = Vec::new();
        for (level, home_branch) in
            [(HoldLevel::Item, ""), (HoldLevel::Branch, "east"), (HoldLevel::Title, "")]
        {
            let request = PlaceHoldRequest {
                request_id: new_id(),
                patron_token: s.token.clone(),
                item_barcode: item.barcode.clone(),
                level: level.into(),
                home_branch: home_branch.to_owned(),
                pickup_branch: "main".to_owned(),
                ..Default::default()
            };
            let again = PlaceHoldRequest { request_id: new_id(), ..request.clone() };
            let hold = s.kiosk.holds().place_hold(request).await.unwrap().into_inner().hold.unwrap();
            let twice = s.kiosk.holds().place_hold(again).await.unwrap().into_inner();
            assert_eq!(reasons(&twice.refusals), [RefusalReason::HoldAlreadyYours], "{level:?}");
            placed.push((TestHold { id: hold.hold_id.parse().unwrap() }, hold.queue_position));
        }
        let [(one, 1), (of_branch, 2), (any, 3)] = placed[..] else { panic!("{placed:?}") };

        for (hold, position) in [(one, 1), (of_branch, 2), (any, 3)] {
            let request = ChangeHoldRequest {
                request_id: new_id(),
                patron_token: s.token.clone(),
                hold_id: hold.id.to_string(),
                pickup_branch: "east".to_owned(),
                ..Default::default()
            };
            let changed = s.kiosk.holds().change_hold(request).await.unwrap().into_inner().hold.unwrap();
            assert_eq!((changed.pickup_branch.as_str(), changed.queue_position), ("east", position));
        }

        // Each item passes by those that it does not serve.
        for (back, served) in [(&copy, any), (&of_east, of_branch), (&item, one)] {
            assert_eq!(s.t.hold_row(served).await.state, HoldState::Pending.code());
            let routed = s.kiosk.take_back(&back.barcode).await.unwrap();
            assert_eq!((routed.routing(), routed.destination_branch.as_str()), (ItemRouting::TransitToHold, "east"));
            assert_eq!(s.t.hold_row(served).await.kept_item_id, Some(back.id));
        }
        for hold in [one, of_branch, any] {
            assert_eq!(s.kiosk.cancel_hold(&s.token, hold.id).await.unwrap().verdict(), Verdict::Granted);
            assert_eq!(s.t.hold_row(hold).await.state, HoldState::Cancelled.code());
        }
        s.t.probe().await;
    }

    async fn hold_pickup_and_lockers(engine: Engine) {
        let s = Scene::start(engine).await;
        let (shelved, locked) = (s.t.item().await, s.t.item().await);
        let on_shelf = s.t.hold(&s.patron, shelved.title, BRANCH_MAIN).await;
        let in_locker = s.t.hold(&s.patron, locked.title, BRANCH_MAIN).await;
        for item in [&shelved, &locked] {
            s.kiosk.take_back(&item.barcode).await.unwrap();
        }
        assert_eq!(s.kiosk.pick_up(&s.token, on_shelf.id).await.unwrap().verdict(), Verdict::Granted);
        let locker = s.t.device(DeviceKind::Locker).await;
        let request = StockCompartmentRequest {
            request_id: new_id(),
            hold_id: in_locker.id.to_string(),
            compartment: "7".to_owned(),
        };
        locker.holds().stock_compartment(request).await.unwrap();
        let token = locker.sign_in(&s.patron.card, s.patron.pin).await;
        assert_eq!(locker.reserve(&token, in_locker.id).await.unwrap().compartment, "7");
        // The door does not open: the item is still the patron's, and nobody else's.
        assert_eq!(locker.revert(&token, in_locker.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(locker.reserve(&token, in_locker.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(locker.confirm(&token, in_locker.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(s.t.open_loans_by(&s.patron).await, 2);
        let over = locker.confirm(&token, in_locker.id).await.unwrap();
        assert_eq!(reasons(&over.refusals), [RefusalReason::ReservationEnded]);
        s.t.probe().await;
    }

    async fn streaming_push(engine: Engine) {
        let s = Scene::start(engine).await;
        let screen = s.t.device(DeviceKind::Locker).await;
        let mut shelf = screen.holds().watch_hold_shelf(WatchHoldShelfRequest {}).await.unwrap().into_inner();
        assert!(timeout(IN_TIME, shelf.message()).await.unwrap().unwrap().unwrap().whole);
        let item = s.t.item().await;
        let hold = s.t.hold(&s.patron, item.title, BRANCH_MAIN).await;
        s.kiosk.take_back(&item.barcode).await.unwrap();
        let told = timeout(IN_TIME, shelf.message()).await.unwrap().unwrap().unwrap();
        assert_eq!(told.holds[0].hold_id, hold.id.to_string(), "nobody had to ask");
    }
}
