//! Holds at a desk: queues, shelves, what is to be fetched, and why a hold stands where it stands.

use crate::coverage::rpc::reason;
use chrono::{Days, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, Refusal, RefusalReason, Verdict},
    staff::v1 as wire,
};
use kortisto_domain::{DeviceKind, HoldState, PatronCategory, StaffRole};
use kortisto_register::jobs::Job;
use kortisto_store::entities::holds;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{
        BRANCH_EAST, BRANCH_MAIN, ItemSeed, PatronSeed, PolicyScope, Staff, TestHold, TestPatron, new_id,
    },
};
use tonic::{service::interceptor::InterceptedService, transport::Channel};
use wire::{HoldObstacle as Obstacle, hold_service_client::HoldServiceClient};

type Client = HoldServiceClient<InterceptedService<Channel, kortisto_testkit::register::Bearer>>;

fn client(staff: &Staff) -> Client {
    HoldServiceClient::new(staff.channel())
}

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

async fn place(staff: &Staff, patron: &TestPatron, title: &str) -> wire::PlaceHoldForPatronResponse {
    let request = wire::PlaceHoldForPatronRequest {
        request_id: new_id(),
        patron_number: patron.number.clone(),
        of: Some(wire::place_hold_for_patron_request::Of::TitleNumber(title.to_owned())),
        pickup_branch: "main".to_owned(),
        ..Default::default()
    };
    client(staff).place_hold_for_patron(request).await.unwrap().into_inner()
}

async fn explain(staff: &Staff, hold: TestHold) -> wire::ExplainHoldResponse {
    let request = wire::ExplainHoldRequest {
        hold_id: hold.id.to_string(),
        purpose: wire::Purpose::CustomerService.into(),
    };
    client(staff).explain_hold(request).await.unwrap().into_inner()
}

async fn shelf(staff: &Staff, part: wire::ShelfPart) -> Vec<wire::ShelfItem> {
    let request =
        wire::ListShelfRequest { branch: "main".to_owned(), part: part.into(), ..Default::default() };
    client(staff).list_shelf(request).await.unwrap().into_inner().items
}

async fn pull(staff: &Staff) -> Vec<wire::PullItem> {
    let request = wire::ListPullItemsRequest { branch: "main".to_owned(), ..Default::default() };
    client(staff).list_pull_items(request).await.unwrap().into_inner().items
}

on_both_engines! {
    async fn a_desk_places_changes_and_cancels(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let number = t.title_number(&item).await;
        let placed = place(&staff, &patron, &number).await;
        assert_eq!(placed.verdict(), Verdict::Granted, "{:?}", placed.refusals);
        let hold = placed.hold.unwrap();
        assert_eq!((hold.state(), hold.queue_position), (wire::HoldState::Pending, 1));
        let again = place(&staff, &patron, &number).await;
        assert_eq!(reasons(&again.refusals), [RefusalReason::HoldAlreadyYours]);
        let queue = wire::ListQueueRequest {
            of: Some(wire::list_queue_request::Of::ItemBarcode(item.barcode.clone())),
            purpose: wire::Purpose::CustomerService.into(),
            ..Default::default()
        };
        let queue = client(&staff).list_queue(queue).await.unwrap().into_inner();
        assert_eq!(queue.holds.len(), 1);
        assert_eq!(queue.holds[0].patron_number, patron.number);
        let change = wire::ChangeHoldForPatronRequest {
            request_id: new_id(),
            hold_id: hold.hold_id.clone(),
            pickup_branch: "east".to_owned(),
            ..Default::default()
        };
        let changed = client(&staff).change_hold_for_patron(change).await.unwrap().into_inner();
        assert_eq!(changed.hold.unwrap().pickup_branch, "east");
        let cancel = || wire::CancelHoldForPatronRequest { request_id: new_id(), hold_id: hold.hold_id.clone() };
        let cancelled = client(&staff).cancel_hold_for_patron(cancel()).await.unwrap().into_inner();
        assert_eq!(cancelled.verdict(), Verdict::Granted);
        let over = client(&staff).cancel_hold_for_patron(cancel()).await.unwrap().into_inner();
        assert_eq!(reasons(&over.refusals), [RefusalReason::HoldNotChangeable]);
        let row = t.hold_row(TestHold { id: hold.hold_id.parse().unwrap() }).await;
        assert_eq!(row.state, HoldState::Cancelled.code());
        assert_eq!(row.closed_by, Some(format!("staff:{}", staff.id)));
        let unknown = wire::CancelHoldForPatronRequest { request_id: new_id(), hold_id: new_id() };
        let status = client(&staff).cancel_hold_for_patron(unknown).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::NotFound);
        t.probe().await;
    }

    async fn a_shelf_shows_what_waits_and_what_is_to_be_taken_off(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        let back = kiosk.take_back(&item.barcode).await.unwrap();
        let staff = t.staff(&[StaffRole::Desk]).await;
        let ready = shelf(&staff, wire::ShelfPart::Ready).await;
        assert_eq!((ready.len(), ready[0].pickup_number.as_str()), (1, back.pickup_number.as_str()));
        assert_eq!((ready[0].hold_id.clone(), ready[0].overdue), (hold.id.to_string(), false));
        assert!(shelf(&staff, wire::ShelfPart::ToTakeOff).await.is_empty());
        t.clock.advance(TimeDelta::days(8));
        let staff = t.staff(&[StaffRole::Desk]).await;
        assert!(shelf(&staff, wire::ShelfPart::Ready).await[0].overdue);
        t.job(Job::ExpireHolds).await;
        assert!(shelf(&staff, wire::ShelfPart::Ready).await.is_empty());
        let left = shelf(&staff, wire::ShelfPart::ToTakeOff).await;
        assert_eq!((left.len(), left[0].item_barcode.as_str()), (1, item.barcode.as_str()));
        kiosk.take_back(&item.barcode).await.unwrap();
        assert!(shelf(&staff, wire::ShelfPart::ToTakeOff).await.is_empty());
    }

    async fn staff_see_the_holds_of_a_patron_and_what_became_of_them(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let patron = t.patron().await;
        let (over, waits) = (t.item().await, t.item().await);
        let over = t.hold(&patron, over.title, BRANCH_MAIN).await;
        t.clock.advance(TimeDelta::seconds(1));
        let waits = t.hold(&patron, waits.title, BRANCH_EAST).await;
        let cancel =
            wire::CancelHoldForPatronRequest { request_id: new_id(), hold_id: over.id.to_string() };
        client(&staff).cancel_hold_for_patron(cancel).await.unwrap();
        t.take_cards(&patron).await;
        let list = async |include_closed: bool, page_token: &str| {
            let request = wire::ListPatronHoldsRequest {
                patron_number: patron.number.clone(),
                purpose: wire::Purpose::CustomerService.into(),
                include_closed,
                page_size: 1,
                page_token: page_token.to_owned(),
            };
            client(&staff).list_patron_holds(request).await.unwrap().into_inner()
        };
        let open = list(false, "").await;
        assert_eq!((open.holds[0].hold_id.clone(), open.next_page_token.as_str()), (waits.id.to_string(), ""));
        assert_eq!((open.holds[0].state(), open.holds[0].queue_position), (wire::HoldState::Pending, 1));
        let newest = list(true, "").await;
        assert_eq!(newest.holds, open.holds);
        let oldest = list(true, &newest.next_page_token).await;
        assert_eq!((oldest.holds[0].hold_id.clone(), oldest.holds[0].state()), (over.id.to_string(), wire::HoldState::Cancelled));
        assert_eq!(oldest.next_page_token, "");
    }

    async fn one_item_is_fetched_for_each_hold(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (one, two) = (t.patron().await, t.patron().await);
        let first = t.item().await;
        let copy = || ItemSeed { title: Some(first.title), ..ItemSeed::default() };
        let (lent, _third) = (t.item_with(copy()).await, t.item_with(copy()).await);
        let borrower = t.patron().await;
        let token = kiosk.sign_in(&borrower.card, borrower.pin).await;
        kiosk.checkout(&token, &lent.barcode).await.unwrap();
        assert!(pull(&staff).await.is_empty());
        let frozen = t.hold(&one, first.title, BRANCH_MAIN).await;
        let until = t.surroundings.moment().today() + Days::new(3);
        t.set_hold(frozen, holds::Column::FrozenUntil, until).await;
        assert!(pull(&staff).await.is_empty());
        let hold = t.hold(&two, first.title, BRANCH_EAST).await;
        let items = pull(&staff).await;
        assert_eq!(items.len(), 1, "two copies stand here, and one hold waits");
        assert_eq!((items[0].hold_id.clone(), items[0].pickup_branch.as_str()), (hold.id.to_string(), "east"));
        let scanned = kiosk.take_back(&items[0].item_barcode).await.unwrap();
        assert_eq!(scanned.destination_branch, "east");
        assert!(pull(&staff).await.is_empty());
        t.probe().await;
    }

    async fn who_was_passed_by_is_explained(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let item = t.item().await;
        let copy = t.item_with(ItemSeed { title: Some(item.title), ..ItemSeed::default() }).await;
        let mut waiting = Vec::new();
        for _ in 0..4 {
            waiting.push(t.hold(&t.patron().await, item.title, BRANCH_MAIN).await);
        }
        let until = t.surroundings.moment().today() + Days::new(3);
        t.set_hold(waiting[0], holds::Column::FrozenUntil, until).await;
        t.set_hold(waiting[1], holds::Column::OnlyItemId, copy.id).await;
        t.set_hold(waiting[2], holds::Column::OnlyBranchId, BRANCH_EAST).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        let explained = explain(&staff, waiting[3]).await;
        assert_eq!(explained.hold.as_ref().unwrap().state(), wire::HoldState::Ready);
        assert_eq!(explained.item_barcode, item.barcode);
        let passed: Vec<_> = explained.in_front.iter().map(wire::HoldInFront::obstacle).collect();
        let expected = [Obstacle::Frozen, Obstacle::OtherItem, Obstacle::OtherBranch];
        assert_eq!(passed, expected);
        let events: Vec<_> = explained.events.iter().map(|event| event.action.as_str()).collect();
        assert_eq!(events, ["return"]);

        // What a desk does to it is told as well, and by whom.
        t.clock.advance(TimeDelta::seconds(1));
        let request = wire::CancelHoldForPatronRequest { request_id: new_id(), hold_id: waiting[3].id.to_string() };
        client(&staff).cancel_hold_for_patron(request).await.unwrap();
        let explained = explain(&staff, waiting[3]).await;
        let events: Vec<_> =
            explained.events.iter().map(|event| (event.action.as_str(), event.actor.as_str())).collect();
        assert_eq!(events, [("return", "device"), ("cancel_hold_for_patron", "staff")]);
        t.probe().await;
    }

    async fn who_has_an_item_of_the_title_or_may_not_wait_for_it_is_passed_by(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let item = t.item().await;
        let copy = t.item_with(ItemSeed { title: Some(item.title), ..ItemSeed::default() }).await;
        let (borrower, next) = (t.patron().await, t.patron().await);
        let institution = PatronSeed { category: PatronCategory::Institution, ..PatronSeed::default() };
        let institution = t.patron_with(institution).await;
        kiosk.checkout(&t.session_at(&kiosk, &borrower).await, &copy.barcode).await.unwrap();
        let mut waiting = Vec::new();
        for patron in [&borrower, &institution, &next] {
            waiting.push(t.hold(patron, item.title, BRANCH_MAIN).await);
        }
        let institutions = PolicyScope { category: Some(PatronCategory::Institution), ..PolicyScope::default() };
        t.policy_for("hold.allowed", institutions, "false").await;
        kiosk.take_back(&item.barcode).await.unwrap();

        // What would keep an item from one that waits is nothing to one that has its item.
        t.set_hold(waiting[2], holds::Column::FrozenUntil, t.surroundings.moment().today()).await;
        let served = explain(&staff, waiting[2]).await;
        assert_eq!((served.hold.as_ref().unwrap().state(), served.obstacle()), (wire::HoldState::Ready, Obstacle::Unspecified));
        let passed: Vec<_> = served.in_front.iter().map(wire::HoldInFront::obstacle).collect();
        assert_eq!(passed, [Obstacle::HasItem, Obstacle::NotAllowed]);
        assert_eq!(explain(&staff, waiting[0]).await.obstacle(), Obstacle::HasItem);
        // The borrower has read what the hold was for, and the hold is over.
        kiosk.take_back(&copy.barcode).await.unwrap();
        let read = explain(&staff, waiting[0]).await;
        assert_eq!((read.hold.as_ref().unwrap().state(), read.obstacle()), (wire::HoldState::Fulfilled, Obstacle::Unspecified));
        assert_eq!(read.events.last().map(|event| event.action.as_str()), Some("fulfil_hold"));
        t.probe().await;
    }
}
