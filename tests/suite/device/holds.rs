//! Holds placed, changed, frozen and cancelled at devices, and the order of queues.

use chrono::{Days, NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{Refusal, RefusalReason, Verdict},
    device::v1::{
        ChangeHoldRequest, ChangeHoldResponse, HoldLevel, ItemRouting, ListHoldsRequest, PlaceHoldRequest,
        PlaceHoldResponse,
    },
};
use kortisto_domain::{DeviceKind, HoldState, ItemState, RelationKind};
use kortisto_store::{
    entities::{holds, relations, year_counters},
    queries::circulation_facts::QUEUE_ROWS_MAX,
};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{
        BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, PatronSeed, TestHold, TestItem, TestPatron, new_id,
    },
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    QueryOrder as _,
};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

fn placed(answer: &PlaceHoldResponse) -> TestHold {
    assert_eq!(answer.verdict(), Verdict::Granted, "{:?}", answer.refusals);
    TestHold { id: answer.hold.as_ref().unwrap().hold_id.parse().unwrap() }
}

fn today(t: &TestRegister) -> NaiveDate {
    t.surroundings.moment().today()
}

async fn place(t: &TestRegister, device: &Device, patron: &TestPatron, item: &TestItem) -> TestHold {
    let token = device.sign_in(&patron.card, patron.pin).await;
    placed(&device.place_hold(&token, &t.title_number(item).await, "main").await.unwrap())
}

async fn change(device: &Device, token: &str, hold: TestHold, edit: ChangeHoldRequest) -> ChangeHoldResponse {
    let request = ChangeHoldRequest {
        request_id: new_id(),
        patron_token: token.to_owned(),
        hold_id: hold.id.to_string(),
        ..edit
    };
    device.holds().change_hold(request).await.unwrap().into_inner()
}

on_both_engines! {
    async fn who_has_an_item_of_the_title_waits_for_none(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let by_hand = t.item().await;
        let copy = ItemSeed { title: Some(by_hand.title), ..ItemSeed::default() };
        let (other, third) = (t.item_with(copy.clone()).await, t.item_with(copy).await);
        let (first, second) = (t.patron().await, t.patron().await);
        let of_first = t.hold(&first, by_hand.title, BRANCH_MAIN).await;
        let of_second = t.hold(&second, by_hand.title, BRANCH_MAIN).await;
        let state = async |hold| HoldState::try_from(t.hold_row(hold).await.state).unwrap();
        let token = kiosk.sign_in(&first.card, first.pin).await;
        // Undone, it is as if the patron had never taken it.
        let lent = kiosk.checkout(&token, &by_hand.barcode).await.unwrap();
        let loan = lent.loan.unwrap().loan_id.parse().unwrap();
        kiosk.cancel_checkout(loan, &by_hand.barcode).await.unwrap();
        kiosk.take_back(&other.barcode).await.unwrap();
        assert_eq!(state(of_first).await, HoldState::Ready);
        kiosk.cancel_hold(&token, of_first.id).await.unwrap();
        assert_eq!(state(of_second).await, HoldState::Ready, "passed on where it stands");
        t.clock.advance(TimeDelta::seconds(1));
        let again = t.hold(&first, by_hand.title, BRANCH_MAIN).await;
        let third_patron = t.patron().await;
        let of_third = t.hold(&third_patron, by_hand.title, BRANCH_MAIN).await;

        kiosk.checkout(&token, &by_hand.barcode).await.unwrap();
        kiosk.take_back(&third.barcode).await.unwrap();
        assert_eq!((state(again).await, state(of_third).await), (HoldState::Pending, HoldState::Ready));
        // Nor is it handed out to whoever brings it back.
        assert_eq!(kiosk.take_back(&by_hand.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        assert_eq!(state(again).await, HoldState::Fulfilled);
        assert_eq!(t.hold_row(again).await.closed_at, Some(t.clock.now()));
        t.probe().await;
    }

    async fn nobody_is_passed_over_behind_a_long_queue_for_other_items(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let lost = t.item().await;
        let item = t.item_with(ItemSeed { title: Some(lost.title), ..ItemSeed::default() }).await;
        let (others, mine) = (t.patron().await, t.patron().await);
        for _ in 0..=QUEUE_ROWS_MAX {
            let hold = t.hold(&others, lost.title, BRANCH_MAIN).await;
            t.set_hold(hold, holds::Column::OnlyItemId, lost.id).await;
        }
        let hold = t.hold(&mine, lost.title, BRANCH_MAIN).await;
        assert_eq!(kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::HoldShelf);
        assert_eq!(t.hold_row(hold).await.kept_item_id, Some(item.id));
        t.probe().await;
    }

    async fn a_hold_is_placed_listed_and_served(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, web) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let (first, second, item) = (t.patron().await, t.patron().await, t.item().await);
        let number = t.title_number(&item).await;
        let one = place(&t, &kiosk, &first, &item).await;
        let token = web.sign_in(&second.card, second.pin).await;
        let answer = web.place_hold(&token, &number, "east").await.unwrap();
        let two = placed(&answer);
        let shown = answer.hold.unwrap();
        assert_eq!((shown.queue_position, shown.pickup_branch.as_str()), (2, "east"));
        assert!(!shown.valid_until.is_empty());
        let again = web.place_hold(&token, &number, "main").await.unwrap();
        assert_eq!(reasons(&again.refusals), [RefusalReason::HoldAlreadyYours]);
        let year = year_counters::Entity::find()
            .filter(year_counters::Column::PatronId.eq(second.id))
            .one(t.store.writer())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(year.holds, 1);

        let back = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::HoldShelf);
        assert_eq!(t.hold_row(one).await.state, HoldState::Ready.code());
        let request = ListHoldsRequest { patron_token: token, ..Default::default() };
        let list = web.holds().list_holds(request).await.unwrap().into_inner();
        assert_eq!(list.pending[0].queue_position, 1, "the one in front has its item");
        assert_eq!(t.hold_row(two).await.state, HoldState::Pending.code());
        t.probe().await;
    }

    async fn what_speaks_against_a_hold_is_said(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        t.policy("hold.max_total", "1").await;
        let (patron, item, other) = (t.patron().await, t.item().await, t.item().await);
        let token = web.sign_in(&patron.card, patron.pin).await;
        let unknown = web.place_hold(&token, "no such title", "main").await.unwrap();
        assert_eq!(reasons(&unknown.refusals), [RefusalReason::TitleUnknown]);
        let nowhere = web.place_hold(&token, &t.title_number(&item).await, "nowhere").await.unwrap();
        assert_eq!(reasons(&nowhere.refusals), [RefusalReason::PickupPlaceUnknown]);
        let reference = t.item_with(ItemSeed { state: ItemState::NotForLoan, ..ItemSeed::default() }).await;
        let never = web.place_hold(&token, &t.title_number(&reference).await, "main").await.unwrap();
        assert_eq!(reasons(&never.refusals), [RefusalReason::HoldNotAllowed]);
        placed(&web.place_hold(&token, &t.title_number(&item).await, "main").await.unwrap());
        let full = web.place_hold(&token, &t.title_number(&other).await, "main").await.unwrap();
        assert_eq!(reasons(&full.refusals), [RefusalReason::HoldLimit], "the limit counts at equality");
        let debtor = t.patron_with(PatronSeed { debt_cents: 9_000, ..PatronSeed::default() }).await;
        let token = web.sign_in(&debtor.card, debtor.pin).await;
        let blocked = web.place_hold(&token, &t.title_number(&item).await, "main").await.unwrap();
        assert_eq!(reasons(&blocked.refusals), [RefusalReason::DebtLimit]);
        t.probe().await;
    }

    async fn levels_and_lockers_are_kept(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        t.locker(BRANCH_MAIN, "box").await;
        let ours = t.item().await;
        let theirs =
            t.item_with(ItemSeed { title: Some(ours.title), home: BRANCH_EAST, ..ItemSeed::default() }).await;
        let patron = t.patron().await;
        let token = web.sign_in(&patron.card, patron.pin).await;
        let base = PlaceHoldRequest {
            patron_token: token,
            item_barcode: ours.barcode.clone(),
            pickup_branch: "main".to_owned(),
            ..Default::default()
        };
        let one = PlaceHoldRequest {
            request_id: new_id(),
            level: HoldLevel::Item.into(),
            pickup_locker: "box".to_owned(),
            ..base.clone()
        };
        let one = web.holds().place_hold(one).await.unwrap().into_inner();
        let row = t.hold_row(placed(&one)).await;
        assert_eq!((row.only_item_id, row.card_id), (Some(ours.id), Some(patron.card_id)));
        assert_eq!(one.hold.unwrap().pickup_locker, "box");
        let branch = PlaceHoldRequest {
            request_id: new_id(),
            level: HoldLevel::Branch.into(),
            home_branch: "east".to_owned(),
            ..base.clone()
        };
        let branch = placed(&web.holds().place_hold(branch).await.unwrap().into_inner());
        assert_eq!(t.hold_row(branch).await.only_branch_id, Some(BRANCH_EAST));
        let unknown = PlaceHoldRequest { request_id: new_id(), pickup_locker: "none".to_owned(), ..base };
        let unknown = web.holds().place_hold(unknown).await.unwrap().into_inner();
        assert_eq!(reasons(&unknown.refusals), [RefusalReason::PickupPlaceUnknown]);
        // The item of the other branch passes by the hold on the one item, though that is first.
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        kiosk.take_back(&theirs.barcode).await.unwrap();
        assert_eq!(t.hold_row(branch).await.kept_item_id, Some(theirs.id));
        t.probe().await;
    }

    async fn a_frozen_hold_keeps_its_place_and_gets_nothing(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, web) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let (patron, other, item) = (t.patron().await, t.patron().await, t.item().await);
        let copy = t.item_with(ItemSeed { title: Some(item.title), ..ItemSeed::default() }).await;
        let frozen = place(&t, &web, &patron, &item).await;
        let behind = place(&t, &web, &other, &item).await;
        let token = web.sign_in(&patron.card, patron.pin).await;
        let until = today(&t) + Days::new(10);
        let edit = ChangeHoldRequest { frozen_until: until.to_string(), ..Default::default() };
        let answer = change(&web, &token, frozen, edit).await;
        let hold = answer.hold.unwrap();
        assert_eq!((hold.frozen_until, hold.queue_position), (until.to_string(), 1));
        kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(t.hold_row(behind).await.kept_item_id, Some(item.id));
        let edit = ChangeHoldRequest { unfreeze: true, pickup_branch: "east".to_owned(), ..Default::default() };
        assert_eq!(change(&web, &token, frozen, edit).await.verdict(), Verdict::Granted);
        let back = kiosk.take_back(&copy.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::TransitToHold);
        let late = ChangeHoldRequest { pickup_branch: "main".to_owned(), ..Default::default() };
        let late = change(&web, &token, frozen, late).await;
        assert_eq!(reasons(&late.refusals), [RefusalReason::HoldNotChangeable]);
        let others = ChangeHoldRequest { unfreeze: true, ..Default::default() };
        let others = change(&web, &token, behind, others).await;
        assert_eq!(reasons(&others.refusals), [RefusalReason::HoldUnknown]);
        t.probe().await;
    }

    async fn a_hold_whose_last_day_has_passed_gets_nothing(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        t.set_hold(hold, holds::Column::ValidUntil, today(&t) - Days::new(1)).await;
        assert_eq!(kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        t.set_hold(hold, holds::Column::ValidUntil, today(&t)).await;
        assert_eq!(kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::HoldShelf);
        t.probe().await;
    }

    async fn a_cancelled_hold_hands_its_item_on_where_it_stands(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (one, two, three, item) = (t.patron().await, t.patron().await, t.patron().await, t.item().await);
        let (first, second) = (place(&t, &kiosk, &one, &item).await, place(&t, &kiosk, &two, &item).await);
        let third = t.hold(&three, item.title, BRANCH_EAST).await;
        let ready = kiosk.take_back(&item.barcode).await.unwrap();
        let token = kiosk.sign_in(&one.card, one.pin).await;
        assert_eq!(kiosk.cancel_hold(&token, first.id).await.unwrap().verdict(), Verdict::Granted);
        let next = t.hold_row(second).await;
        assert_eq!((next.state, next.kept_item_id), (HoldState::Ready.code(), Some(item.id)));
        assert_ne!(next.pickup_number.unwrap(), ready.pickup_number);
        let closed = t.hold_row(first).await;
        assert_eq!(closed.state, HoldState::Cancelled.code());
        assert_eq!(closed.closed_by, Some(format!("device:{}", kiosk.id)));
        t.probe().await;
        // The next one is picked up elsewhere: the item is taken off the shelf, and its scan says where it goes.
        let token = kiosk.sign_in(&two.card, two.pin).await;
        assert_eq!(kiosk.cancel_hold(&token, second.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(t.hold_row(third).await.state, HoldState::Pending.code());
        let left = t.item_row(&item).await;
        assert_eq!((left.state, left.kept_for_hold_id), (ItemState::OnHoldShelf.code(), None));
        let over = kiosk.cancel_hold(&token, second.id).await.unwrap();
        assert_eq!(reasons(&over.refusals), [RefusalReason::HoldNotChangeable]);
        let scanned = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(scanned.routing(), ItemRouting::TransitToHold);
        t.probe().await;
        // On its way it stays on its way.
        t.set_hold(third, holds::Column::PatronId, one.id).await;
        let token = kiosk.sign_in(&one.card, one.pin).await;
        assert_eq!(kiosk.cancel_hold(&token, third.id).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(t.item_row(&item).await.state, ItemState::InTransit.code());
        assert_eq!(kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        t.probe().await;
    }

    async fn sixty_four_placements_of_one_patron_stop_at_the_limit(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("hold.max_total", "5").await;
        let (patron, web) = (t.patron().await, t.device(DeviceKind::OnlineLibrary).await);
        let token = web.sign_in(&patron.card, patron.pin).await;
        let mut tasks = JoinSet::new();
        for _ in 0..64 {
            let number = t.title_number(&t.item().await).await;
            let (web, token) = (web.clone(), token.clone());
            tasks.spawn(async move { settled(&web, &token, &number).await });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.verdict() == Verdict::Granted).count(), 5);
        let limited = |answer: &&PlaceHoldResponse| reasons(&answer.refusals) == [RefusalReason::HoldLimit];
        assert_eq!(answers.iter().filter(limited).count(), 59);
        t.probe().await;
    }

    async fn sixty_four_patrons_stand_in_one_queue_and_nobody_is_overtaken(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let item = t.item().await;
        let number = t.title_number(&item).await;
        let mut tasks = JoinSet::new();
        for _ in 0..64 {
            let patron = t.patron().await;
            let token = kiosk.sign_in(&patron.card, patron.pin).await;
            let (kiosk, number) = (kiosk.clone(), number.clone());
            tasks.spawn(async move { placed(&settled(&kiosk, &token, &number).await) });
        }
        tasks.join_all().await;
        let of_title = holds::Entity::find().filter(holds::Column::TitleId.eq(item.title));
        let rows = of_title.order_by_asc(holds::Column::QueueNumber).all(t.store.writer()).await.unwrap();
        let numbers: BTreeSet<_> = rows.iter().map(|row| row.queue_number).collect();
        assert_eq!((rows.len(), numbers.len()), (64, 64));
        for row in rows.iter().take(6) {
            let copy = t.item_with(ItemSeed { title: Some(item.title), ..ItemSeed::default() }).await;
            kiosk.take_back(&copy.barcode).await.unwrap();
            let served = t.hold_row(TestHold { id: row.id }).await;
            assert_eq!(served.kept_item_id, Some(copy.id), "number {}", row.queue_number);
        }
        // What is placed after some have gone comes last, and no number comes twice.
        let late = place(&t, &kiosk, &t.patron().await, &item).await;
        assert!(t.hold_row(late).await.queue_number > *numbers.last().unwrap());
        t.probe().await;
    }

    async fn a_guardian_and_another_card_pick_up_by_policy(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let born = Some(today(&t) - Days::new(8 * 365));
        let child = t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        let (guardian, item) = (t.patron().await, t.item().await);
        relations::ActiveModel {
            ward_id: Set(child.id),
            other_id: Set(guardian.id),
            kind: Set(RelationKind::Guardian.code()),
            valid_from: Set(today(&t) - Days::new(10)),
            recorded_at: Set(t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(t.store.writer())
        .await
        .unwrap();
        let hold = place(&t, &kiosk, &child, &item).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        let token = kiosk.sign_in(&guardian.card, guardian.pin).await;
        // The guardian is at the shelf for the child, and the loan is the guardian's.
        let taken = kiosk.pick_up(&token, hold.id).await.unwrap();
        assert_eq!(taken.verdict(), Verdict::Granted, "{:?}", taken.refusals);
        assert_eq!(t.open_loans_by(&guardian).await, 1);
        let second = t.item().await;
        let hold = place(&t, &kiosk, &child, &second).await;
        kiosk.take_back(&second.barcode).await.unwrap();
        t.policy("hold.guardian_picks_up", "false").await;
        let refused = kiosk.pick_up(&token, hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldUnknown]);
        let other = t.patron().await;
        t.set_hold(hold, holds::Column::CardId, other.card_id).await;
        t.policy("hold.same_card_only", "true").await;
        let own = kiosk.sign_in(&child.card, child.pin).await;
        let refused = kiosk.pick_up(&own, hold.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldOtherCard]);
        t.probe().await;
    }
}

/// Places under one request id until there is an answer: many at once may find the register busy.
async fn settled(device: &Device, token: &str, title_number: &str) -> PlaceHoldResponse {
    let request = PlaceHoldRequest {
        request_id: new_id(),
        patron_token: token.to_owned(),
        title_number: title_number.to_owned(),
        pickup_branch: "main".to_owned(),
        ..Default::default()
    };
    for _ in 0..20 {
        if let Ok(answer) = device.holds().place_hold(request.clone()).await {
            return answer.into_inner();
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no answer");
}
