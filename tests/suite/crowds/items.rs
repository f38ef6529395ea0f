//! One item: never two loans.

use super::{Crowd, TASKS, reasons, turn};
use kortisto::{
    common::v1::RefusalReason,
    device::v1::{CancelCheckoutRequest, CheckoutRequest, ReturnRequest},
};
use kortisto_domain::{DeviceKind, HoldState, ItemState};
use kortisto_store::entities::holds;
use kortisto_testkit::register::{BRANCH_MAIN, new_id};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::task::JoinSet;

/// Check-outs that are undone while the item is returned.
const UNDONE: usize = 16;

/// How often each of them tries to get it.
const ROUNDS: usize = 4;

in_every_house! {
    async fn whoever_has_the_item_has_it_alone(crowd: Crowd) {
        let t = crowd.t();
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let item = t.item().await;
        let having = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for (number, (_, token)) in crowd.patrons_at(&kiosks[0], TASKS).await.into_iter().enumerate() {
            let (lends, takes_back) = (turn(&kiosks, number).clone(), turn(&kiosks, number + 1).clone());
            let (barcode, having) = (item.barcode.clone(), Arc::clone(&having));
            tasks.spawn(async move {
                let mut loans = 0;
                for round in 0..ROUNDS {
                    let request = CheckoutRequest {
                        request_id: new_id(),
                        patron_token: token.clone(),
                        item_barcode: barcode.clone(),
                    };
                    let answer = settled!(lends.loans().checkout(request.clone()));
                    let Some(loan) = answer.loan else {
                        assert_eq!(reasons(&answer.refusals), [RefusalReason::ItemOnLoan]);
                        continue;
                    };
                    loans += 1;
                    assert_eq!(having.fetch_add(1, Ordering::SeqCst), 0, "somebody else has it too");
                    tokio::task::yield_now().await;
                    having.fetch_sub(1, Ordering::SeqCst);
                    if (number + round) % 2 == 0 {
                        let request = ReturnRequest { request_id: new_id(), item_barcode: barcode.clone() };
                        let back = settled!(takes_back.loans().r#return(request.clone()));
                        assert_eq!(back.closed_loan_id, loan.loan_id);
                    } else {
                        let request = CancelCheckoutRequest {
                            request_id: new_id(),
                            loan_id: loan.loan_id,
                            item_barcode: barcode.clone(),
                        };
                        let undone = settled!(lends.loans().cancel_checkout(request.clone()));
                        assert_eq!(reasons(&undone.refusals), []);
                    }
                }
                loans
            });
        }
        let loans: usize = tasks.join_all().await.into_iter().sum();
        assert!(loans > 0, "nobody got it");
        assert_eq!(t.open_loans_of(&item).await, 0);
        t.probe().await;
    }

    async fn an_item_goes_one_way_when_it_is_put_back_and_returned_at_once(crowd: Crowd) {
        let t = crowd.t();
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let next = t.patron().await;
        for (number, (patron, token)) in crowd.patrons_at(&kiosks[0], UNDONE).await.into_iter().enumerate() {
            let item = t.item().await;
            t.hold(&patron, item.title, BRANCH_MAIN).await;
            t.hold(&next, item.title, BRANCH_MAIN).await;
            kiosks[0].take_back(&item.barcode).await.unwrap();
            let loan = kiosks[0].checkout(&token, &item.barcode).await.unwrap().loan.unwrap();
            let undo = CancelCheckoutRequest {
                request_id: new_id(),
                loan_id: loan.loan_id,
                item_barcode: item.barcode.clone(),
            };
            let back = ReturnRequest { request_id: new_id(), item_barcode: item.barcode.clone() };
            let (undoes, takes_back) = (&kiosks[0], turn(&kiosks, number));
            let undone = async { settled!(undoes.loans().cancel_checkout(undo.clone())) };
            let returned = async { settled!(takes_back.loans().r#return(back.clone())) };
            tokio::join!(undone, returned);
            let kept = holds::Entity::find().filter(holds::Column::KeptItemId.eq(item.id));
            let open = [HoldState::InTransit, HoldState::Ready].map(HoldState::code);
            let kept = kept.filter(holds::Column::State.is_in(open)).all(t.store.writer()).await.unwrap();
            let row = t.item_row(&item).await;
            assert_eq!(kept.iter().map(|hold| Some(hold.id)).collect::<Vec<_>>(), [row.kept_for_hold_id]);
            assert_eq!((row.state, t.open_loans_of(&item).await), (ItemState::OnHoldShelf.code(), 0));
        }
        t.probe().await;
    }

    async fn one_of_sixty_four_gets_the_item(crowd: Crowd) {
        let t = crowd.t();
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let item = t.item().await;
        let mut tasks = JoinSet::new();
        for (number, (_, token)) in crowd.patrons_at(&kiosks[0], TASKS).await.into_iter().enumerate() {
            let (kiosk, barcode) = (turn(&kiosks, number).clone(), item.barcode.clone());
            let request = CheckoutRequest { request_id: new_id(), patron_token: token, item_barcode: barcode };
            tasks.spawn(async move { settled!(kiosk.loans().checkout(request.clone())) });
        }
        let answers = tasks.join_all().await;
        let refused = answers.iter().filter(|answer| reasons(&answer.refusals) == [RefusalReason::ItemOnLoan]);
        assert_eq!(refused.count(), TASKS - 1);
        assert_eq!(t.open_loans_of(&item).await, 1);
        t.probe().await;
    }
}
