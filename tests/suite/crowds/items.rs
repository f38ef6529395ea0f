//! One item: never two loans.

use super::{Crowd, TASKS, reasons, turn};
use kortisto::{
    common::v1::RefusalReason,
    device::v1::{CancelCheckoutRequest, CheckoutRequest, ReturnRequest},
};
use kortisto_domain::DeviceKind;
use kortisto_testkit::register::new_id;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::task::JoinSet;

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
