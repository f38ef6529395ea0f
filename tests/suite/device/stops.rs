//! Where at its branch a hold is picked up: at a stop of a bookmobile, or in a locker. Whoever handles the item is told.

use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{
        ChangeHoldRequest, Hold, ItemRouting, ListHoldsRequest, PlaceHoldRequest, PlaceHoldResponse,
        WatchHoldShelfRequest,
    },
    staff::v1::{self as staff, hold_service_client::HoldServiceClient},
};
use kortisto_domain::{DeviceKind, StaffRole};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, TestItem, new_id},
};

const STOP: &str = "kylä-3";
const LOCKER: &str = "lokerikko-1";

async fn place(
    t: &TestRegister,
    kiosk: &Device,
    token: &str,
    item: &TestItem,
    at: (&str, &str),
) -> PlaceHoldResponse {
    let request = PlaceHoldRequest {
        request_id: new_id(),
        patron_token: token.to_owned(),
        title_number: t.title_number(item).await,
        pickup_branch: "main".to_owned(),
        pickup_stop: at.0.to_owned(),
        pickup_locker: at.1.to_owned(),
        ..Default::default()
    };
    kiosk.holds().place_hold(request).await.unwrap().into_inner()
}

async fn holds(kiosk: &Device, token: &str) -> Vec<Hold> {
    let request = ListHoldsRequest { patron_token: token.to_owned(), ..Default::default() };
    let list = kiosk.holds().list_holds(request).await.unwrap().into_inner();
    list.ready.into_iter().chain(list.pending).collect()
}

on_both_engines! {
    async fn whoever_handles_an_item_is_told_where_its_hold_is_picked_up(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.bookmobile_stop(STOP).await;
        t.locker(BRANCH_MAIN, LOCKER).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let east = t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let patron = t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let clerk = t.staff(&[StaffRole::Desk]).await;
        for (stop, locker) in [(STOP, ""), ("", LOCKER), ("", "")] {
            let item = t.item().await;
            let placed = place(&t, &kiosk, &token, &item, (stop, locker)).await;
            assert_eq!(placed.verdict(), Verdict::Granted, "{:?}", placed.refusals);
            let hold = placed.hold.unwrap();
            assert_eq!((hold.pickup_stop.as_str(), hold.pickup_locker.as_str()), (stop, locker));

            let request = staff::ListPullItemsRequest { branch: "main".to_owned(), ..Default::default() };
            let mut client = HoldServiceClient::new(clerk.channel());
            let pulled = client.list_pull_items(request).await.unwrap().into_inner().items;
            let pulled = pulled.into_iter().find(|pulled| pulled.hold_id == hold.hold_id).unwrap();
            assert_eq!((pulled.pickup_stop.as_str(), pulled.pickup_locker.as_str()), (stop, locker));

            let away = east.take_back(&item.barcode).await.unwrap();
            assert_eq!(away.routing(), ItemRouting::TransitToHold);
            assert_eq!((away.pickup_stop.as_str(), away.pickup_locker.as_str()), (stop, locker));
            let here = kiosk.take_back(&item.barcode).await.unwrap();
            assert_eq!(here.routing(), ItemRouting::HoldShelf);
            assert_eq!((here.pickup_stop.as_str(), here.pickup_locker.as_str()), (stop, locker));

            let request = staff::ListShelfRequest {
                branch: "main".to_owned(),
                part: staff::ShelfPart::Ready.into(),
                ..Default::default()
            };
            let shelf = client.list_shelf(request).await.unwrap().into_inner().items;
            let stands = shelf.into_iter().find(|stands| stands.hold_id == hold.hold_id).unwrap();
            assert_eq!((stands.pickup_stop.as_str(), stands.pickup_locker.as_str()), (stop, locker));
            let mut watch = kiosk.holds().watch_hold_shelf(WatchHoldShelfRequest {}).await.unwrap().into_inner();
            let shown = watch.message().await.unwrap().unwrap().holds;
            let shown = shown.into_iter().find(|shown| shown.hold_id == hold.hold_id).unwrap();
            assert_eq!((shown.pickup_stop.as_str(), shown.pickup_locker.as_str()), (stop, locker));
        }
        let shelf_item = t.item().await;
        assert_eq!(kiosk.take_back(&shelf_item.barcode).await.unwrap().pickup_stop, "");
        t.probe().await;
    }

    async fn a_pickup_moves_from_a_stop_to_a_locker_and_to_nothing_unknown(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.bookmobile_stop(STOP).await;
        t.locker(BRANCH_MAIN, LOCKER).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        for unknown in [("no such stop", ""), ("", "no such locker"), ("", STOP), (LOCKER, "")] {
            let refused = place(&t, &kiosk, &token, &item, unknown).await;
            assert_eq!(refused.refusals[0].reason(), RefusalReason::PickupPlaceUnknown, "{unknown:?}");
        }
        assert!(holds(&kiosk, &token).await.is_empty());
        let placed = place(&t, &kiosk, &token, &item, (STOP, "")).await.hold.unwrap();
        let request = ChangeHoldRequest {
            request_id: new_id(),
            patron_token: token.clone(),
            hold_id: placed.hold_id,
            pickup_branch: "main".to_owned(),
            pickup_locker: LOCKER.to_owned(),
            ..Default::default()
        };
        let moved = kiosk.holds().change_hold(request).await.unwrap().into_inner();
        assert_eq!(moved.verdict(), Verdict::Granted, "{:?}", moved.refusals);
        let shown = holds(&kiosk, &token).await.remove(0);
        assert_eq!((shown.pickup_stop.as_str(), shown.pickup_locker.as_str()), ("", LOCKER));
        t.probe().await;
    }
}
