//! One fee: never paid twice, nor more than it is. One patron's late fees: never above their cap.

use super::{Crowd, TASKS, reasons, turn};
use chrono::Days;
use kortisto::{
    common::v1::{Money, RefusalReason, Verdict},
    device::v1::{RecordPaymentRequest, ReturnRequest},
};
use kortisto_domain::{DeviceKind, FeeEntryKind};
use kortisto_testkit::register::new_id;
use tokio::task::JoinSet;

/// What each of them pays, in cents.
const PART: i64 = 100;
/// So many of them pay the whole fee.
const PARTS: i64 = 7;

/// What a day of one loan costs in cents, and all of a patron's loans at most.
const DAY_CENTS: i64 = 100;
const CAP_CENTS: i64 = 2_050;

in_every_house! {
    async fn a_fee_is_paid_to_the_last_cent_and_no_further(crowd: Crowd) {
        let t = crowd.t();
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let (patron, token) = crowd.patrons_at(&kiosks[0], 1).await.remove(0);
        let fee = t.fee(patron.id, PARTS * PART).await;
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            let kiosk = turn(&kiosks, number).clone();
            let request = RecordPaymentRequest {
                request_id: new_id(),
                patron_token: token.clone(),
                operator: "T1".to_owned(),
                order_id: new_id(),
                fee_ids: vec![fee.to_string()],
                amount: Some(Money { minor_units: PART, currency_code: "EUR".to_owned() }),
            };
            tasks.spawn(async move { settled!(kiosk.fees().record_payment(request.clone())) });
        }
        let answers = tasks.join_all().await;
        let granted = answers.iter().filter(|answer| answer.verdict() == Verdict::Granted).count();
        let refused = answers.iter().filter(|answer| reasons(&answer.refusals) == [RefusalReason::FeeNotPayable]);
        assert_eq!((granted, refused.count()), (7, TASKS - 7));
        let mut ledger = t.ledger(fee).await;
        assert_eq!(ledger.remove(0), (FeeEntryKind::Charge, PARTS * PART));
        assert_eq!(ledger, [(FeeEntryKind::Payment, -PART); 7]);
        assert_eq!((t.fee_row(fee).await.open_cents, t.payments().await.len()), (0, 7));
        t.probe().await;
    }

    async fn a_cap_of_the_patron_holds_over_loans_that_come_back_everywhere(crowd: Crowd) {
        let t = crowd.t();
        t.policy("loan.max_total", "100").await;
        t.policy("fee.overdue_cents", &DAY_CENTS.to_string()).await;
        t.policy("fee.overdue_cap_cents", &CAP_CENTS.to_string()).await;
        t.policy("fee.overdue_cap_scope", "patron").await;
        let kiosks = crowd.device(DeviceKind::SelfCheckout).await;
        let (patron, token) = crowd.patrons_at(&kiosks[0], 1).await.remove(0);
        let yesterday = t.surroundings.moment().today() - Days::new(1);
        let mut items = Vec::new();
        for _ in 0..TASKS {
            let item = t.item().await;
            kiosks[0].checkout(&token, &item.barcode).await.unwrap().loan.unwrap();
            items.push(item);
        }
        for item in &items {
            t.make_due(item, yesterday).await;
        }
        let mut tasks = JoinSet::new();
        for (number, item) in items.into_iter().enumerate() {
            let kiosk = turn(&kiosks, number).clone();
            let request = ReturnRequest { request_id: new_id(), item_barcode: item.barcode };
            tasks.spawn(async move { settled!(kiosk.loans().r#return(request.clone())) });
        }
        let answers = tasks.join_all().await;
        assert!(answers.iter().all(|answer| answer.verdict() == Verdict::Granted));
        let fees = t.fees_of(&patron).await;
        assert_eq!(fees.iter().map(|fee| fee.amount_cents).sum::<i64>(), CAP_CENTS);
        assert_eq!(t.open_loans_by(&patron).await, 0);
        t.probe().await;
    }
}
