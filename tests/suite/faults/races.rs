//! One request id, many times at once.

use kortisto::device::v1::{CheckoutResponse, PickUpHoldRequest};
use kortisto_domain::DeviceKind;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_MAIN, new_id},
};
use std::collections::BTreeSet;
use tokio::task::JoinSet;
use tonic::Status;

/// Requests at once.
const RACERS: usize = 64;

/// The one loan that all of them got.
pub(super) fn one_loan(answers: Vec<Result<CheckoutResponse, Status>>) -> String {
    let loans: BTreeSet<_> =
        answers.into_iter().map(|answer| answer.unwrap().loan.unwrap().loan_id).collect();
    assert_eq!(loans.len(), 1, "{loans:?}");
    loans.into_iter().next().unwrap()
}

on_both_engines! {
    async fn sixty_four_replays_of_a_checkout_give_one_loan(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let id = new_id();
        // Half of them on the connection of the first, half on their own.
        let mut racers = JoinSet::new();
        for racer in 0..RACERS {
            let mut kiosk = kiosk.clone();
            if racer % 8 == 0 {
                kiosk.channel = t.connect(Some(&kiosk.identity)).await.unwrap();
            }
            let (id, token, barcode) = (id.clone(), token.clone(), item.barcode.clone());
            racers.spawn(async move { kiosk.checkout_as(&id, &token, &barcode).await });
        }
        one_loan(racers.join_all().await);
        assert_eq!((t.open_loans_of(&item).await, t.open_loans_by(&patron).await), (1, 1));
        let rows = t.dump().await["audit"].iter().filter(|row| row.contains("checkout")).count();
        assert_eq!(rows, 1, "one decision, one row");
        t.probe().await;
    }

    async fn sixty_four_replays_of_a_pickup_fulfil_one_hold(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (patron, item) = (t.patron().await, t.item().await);
        let hold = t.hold(&patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let request =
            PickUpHoldRequest { request_id: new_id(), patron_token: token, hold_id: hold.id.to_string() };
        let mut racers = JoinSet::new();
        for _ in 0..RACERS {
            let (kiosk, request) = (kiosk.clone(), request.clone());
            racers.spawn(async move { kiosk.holds().pick_up_hold(request).await.unwrap().into_inner() });
        }
        let answers = racers.join_all().await;
        let loans: BTreeSet<_> = answers.into_iter().map(|answer| answer.loan.unwrap().loan_id).collect();
        assert_eq!(loans.len(), 1);
        assert_eq!(t.open_loans_of(&item).await, 1);
        t.probe().await;
    }
}
