//! Check-out, return and pick-up.

use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{CheckoutResponse, ItemRouting, ListHoldsRequest},
};
use kortisto_domain::{BanKind, DeviceKind, HoldState, ItemState};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, ItemSeed, PatronSeed, new_id},
};
use tonic::Code;

fn granted(response: &CheckoutResponse) -> bool {
    assert_eq!(response.loan.is_some(), response.verdict == i32::from(Verdict::Granted));
    response.loan.is_some()
}

fn reasons(refusals: &[kortisto::common::v1::Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(kortisto::common::v1::Refusal::reason).collect()
}

on_both_engines! {
    async fn an_item_goes_out_and_comes_back(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;

        let out = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert!(granted(&out), "{:?}", out.refusals);
        let loan = out.loan.unwrap();
        assert_eq!(loan.item_barcode, item.barcode);
        assert!(loan.item_label.starts_with("Kirjailija: Teos"));
        assert_eq!(t.open_loans_of(&item).await, 1);

        let again = kiosk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(reasons(&again.refusals), [RefusalReason::ItemAlreadyYours]);

        let back = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(back.verdict(), Verdict::Granted);
        assert_eq!(back.routing(), ItemRouting::Shelf);
        assert_eq!(back.closed_loan_id, loan.loan_id);
        assert_eq!(t.open_loans_of(&item).await, 0);

        let twice = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!((twice.verdict(), twice.closed_loan_id.as_str()), (Verdict::Granted, ""));
        let unknown = kiosk.take_back("no such thing").await.unwrap();
        assert_eq!(reasons(&unknown.refusals), [RefusalReason::ItemUnknown]);
        t.probe().await;
    }

    async fn a_replay_gives_the_first_answer_and_another_body_is_refused(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item, other) = (t.patron().await, t.item().await, t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let id = new_id();

        let first = kiosk.checkout_as(&id, &token, &item.barcode).await.unwrap();
        kiosk.take_back(&item.barcode).await.unwrap();
        let replay = kiosk.checkout_as(&id, &token, &item.barcode).await.unwrap();
        assert_eq!(first, replay);
        assert_eq!(t.open_loans_of(&item).await, 0, "a replay does nothing");

        let status = kiosk.checkout_as(&id, &token, &other.barcode).await.unwrap_err();
        assert_eq!(status.code(), Code::AlreadyExists);
        assert_eq!(t.open_loans_of(&other).await, 0);

        let second_kiosk = t.device(DeviceKind::SelfCheckout).await;
        let token = second_kiosk.sign_in(&patron.card, patron.pin).await;
        let elsewhere = second_kiosk.checkout_as(&id, &token, &item.barcode).await.unwrap();
        assert!(granted(&elsewhere), "an id is a device's own");
        t.probe().await;
    }

    async fn every_reason_of_a_refused_loan_is_given(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        t.policy("loan.max_total", "1").await;
        let patron = t.patron_with(PatronSeed { debt_cents: 1000, ..PatronSeed::default() }).await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let debt = kiosk.checkout(&token, &t.item().await.barcode).await.unwrap();
        assert_eq!(reasons(&debt.refusals), [RefusalReason::DebtLimit]);

        let patron = t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        assert!(granted(&kiosk.checkout(&token, &t.item().await.barcode).await.unwrap()));
        t.ban(&patron, BanKind::Lending).await;
        t.fee(patron.id, 5000).await;
        let reference = t.item_with(ItemSeed { state: ItemState::NotForLoan, ..ItemSeed::default() }).await;
        let refused = kiosk.checkout(&token, &reference.barcode).await.unwrap();
        assert_eq!(
            reasons(&refused.refusals),
            [
                RefusalReason::LendingBan,
                RefusalReason::DebtLimit,
                RefusalReason::LoanLimit,
                RefusalReason::ItemNotForLoan
            ]
        );
        assert!(refused.refusals.iter().all(|refusal| !refusal.text.is_empty() && !refusal.remedy.is_empty()));
        t.probe().await;
    }

    async fn a_returned_item_goes_to_the_first_hold_and_only_to_its_holder(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (holder, stranger, item) = (t.patron().await, t.patron().await, t.item().await);
        let first = t.hold(&holder, item.title, BRANCH_MAIN).await;
        let second = t.hold(&stranger, item.title, BRANCH_MAIN).await;

        let back = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::HoldShelf);
        assert_eq!(back.pickup_number.len(), 4);
        assert_eq!(t.hold_row(first).await.state, HoldState::Ready.code());
        t.probe().await;

        let wrong = kiosk.sign_in(&stranger.card, stranger.pin).await;
        let refused = kiosk.checkout(&wrong, &item.barcode).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::ItemHeld]);
        let refused = kiosk.pick_up(&wrong, first.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldUnknown]);
        let refused = kiosk.pick_up(&wrong, second.id).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::HoldNotReady]);

        let right = kiosk.sign_in(&holder.card, holder.pin).await;
        let list = kiosk
            .holds()
            .list_holds(ListHoldsRequest { patron_token: right.clone(), ..Default::default() })
            .await
            .unwrap()
            .into_inner();
        assert_eq!((list.ready.len(), list.pending.len()), (1, 0));
        assert_eq!(list.ready[0].pickup_number, back.pickup_number);
        let picked = kiosk.pick_up(&right, first.id).await.unwrap();
        assert_eq!(picked.verdict(), Verdict::Granted, "{:?}", picked.refusals);
        assert_eq!(t.hold_row(first).await.state, HoldState::Fulfilled.code());
        t.probe().await;

        let back = kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::HoldShelf, "the second in the queue is next");
        assert_eq!(t.hold_row(second).await.state, HoldState::Ready.code());
        let wrong = kiosk.checkout(&wrong, &item.barcode).await.unwrap();
        assert!(granted(&wrong), "the holder may also just check it out");
        assert_eq!(t.hold_row(second).await.state, HoldState::Fulfilled.code());
        t.probe().await;
    }

    async fn an_item_travels_to_its_hold_and_home_again(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let main = t.device(DeviceKind::SelfCheckout).await;
        let east = t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let (holder, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&holder, item.title, BRANCH_EAST).await;

        let back = main.take_back(&item.barcode).await.unwrap();
        assert_eq!((back.routing(), back.destination_branch.as_str()), (ItemRouting::TransitToHold, "east"));
        assert_eq!(t.hold_row(hold).await.state, HoldState::InTransit.code());
        let token = main.sign_in(&holder.card, holder.pin).await;
        let early = main.pick_up(&token, hold.id).await.unwrap();
        assert_eq!(early.refusals[0].reason(), RefusalReason::HoldNotReady);
        t.probe().await;

        let arrived = east.take_back(&item.barcode).await.unwrap();
        assert_eq!(arrived.routing(), ItemRouting::HoldShelf);
        let elsewhere = main.pick_up(&token, hold.id).await.unwrap();
        assert_eq!(elsewhere.refusals[0].reason(), RefusalReason::HoldAtOtherBranch);
        let token = east.sign_in(&holder.card, holder.pin).await;
        assert_eq!(east.pick_up(&token, hold.id).await.unwrap().verdict(), Verdict::Granted);

        let back = east.take_back(&item.barcode).await.unwrap();
        assert_eq!((back.routing(), back.destination_branch.as_str()), (ItemRouting::TransitHome, "main"));
        let home = main.take_back(&item.barcode).await.unwrap();
        assert_eq!(home.routing(), ItemRouting::Shelf);
        assert_eq!(t.item_row(&item).await.state, ItemState::Available.code());
        t.probe().await;
    }

    async fn a_ready_item_that_strays_goes_back_to_its_shelf(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let main = t.device(DeviceKind::SelfCheckout).await;
        let east = t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let (holder, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&holder, item.title, BRANCH_MAIN).await;
        let ready = main.take_back(&item.barcode).await.unwrap();
        let again = main.take_back(&item.barcode).await.unwrap();
        assert_eq!(again.pickup_number, ready.pickup_number, "scanned twice, it keeps its number");
        let strayed = east.take_back(&item.barcode).await.unwrap();
        assert_eq!((strayed.routing(), strayed.destination_branch.as_str()), (ItemRouting::TransitToHold, "main"));
        assert_eq!(t.hold_row(hold).await.state, HoldState::InTransit.code());
        let token = main.sign_in(&holder.card, holder.pin).await;
        let request = ListHoldsRequest { patron_token: token, ..Default::default() };
        let list = main.holds().list_holds(request).await.unwrap().into_inner();
        let shown = &list.pending[0];
        assert_eq!((shown.pickup_number.as_str(), shown.pickup_until.as_str()), ("", ""), "it gets others there");
        t.probe().await;
        let back = main.take_back(&item.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::HoldShelf);
        assert_eq!(t.hold_row(hold).await.state, HoldState::Ready.code());
        t.probe().await;
    }

    async fn sixty_four_clients_get_one_loan_of_one_item(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let item = t.item().await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let mut tokens = Vec::new();
        for _ in 0..64 {
            let patron = t.patron().await;
            tokens.push(kiosk.sign_in(&patron.card, patron.pin).await);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for token in tokens {
            let (kiosk, barcode) = (kiosk.clone(), item.barcode.clone());
            tasks.spawn(async move { kiosk.checkout(&token, &barcode).await.unwrap() });
        }
        let answers = tasks.join_all().await;
        let loans = answers.iter().filter(|answer| granted(answer)).count();
        let refused = answers.iter().filter(|answer| reasons(&answer.refusals) == [RefusalReason::ItemOnLoan]).count();
        assert_eq!((loans, refused), (1, 63));
        assert_eq!(t.open_loans_of(&item).await, 1);
        t.probe().await;
    }

    async fn sixty_four_requests_of_one_patron_stop_at_the_limit(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("loan.max_total", "5").await;
        let (patron, kiosk) = (t.patron().await, t.device(DeviceKind::SelfCheckout).await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let mut items = Vec::new();
        for _ in 0..64 {
            items.push(t.item().await);
        }
        let mut tasks = tokio::task::JoinSet::new();
        for item in items {
            let (kiosk, token) = (kiosk.clone(), token.clone());
            tasks.spawn(async move { kiosk.checkout(&token, &item.barcode).await.unwrap() });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| granted(answer)).count(), 5);
        assert_eq!(t.open_loans_by(&patron).await, 5);
        t.probe().await;
    }
}
