//! Fees, as peers have them.

use super::{Scene, cents, eur, reasons};
use chrono::Days;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{ListFeesRequest, RecordPaymentRequest, RecordPaymentResponse},
    staff::v1::{WaiveFeeRequest, fee_service_client::FeeServiceClient},
};
use kortisto_domain::{RelationKind, StaffRole};
use kortisto_testkit::{
    on_both_engines,
    register::{BRANCH_MAIN, PatronSeed, new_id},
};

impl Scene {
    async fn pay(&self, amount: i64) -> RecordPaymentResponse {
        let request = RecordPaymentRequest {
            request_id: new_id(),
            patron_token: self.token.clone(),
            operator: "T1".to_owned(),
            order_id: new_id(),
            fee_ids: Vec::new(),
            amount: eur(amount),
        };
        self.kiosk.fees().record_payment(request).await.unwrap().into_inner()
    }
}

on_both_engines! {
    async fn fee_paid(engine: Engine) {
        let s = Scene::start(engine).await;
        let fee = s.t.fee(s.patron.id, 500).await;
        let overpaid = s.pay(501).await;
        assert_eq!(reasons(&overpaid.refusals), [RefusalReason::PaymentTooMuch], "and the money stays the payer's");
        let paid = s.pay(300).await;
        assert_eq!((paid.verdict(), cents(paid.balance.as_ref())), (Verdict::Granted, 200));
        let billing = s.t.staff(&[StaffRole::Billing]).await;
        let write_off = WaiveFeeRequest {
            request_id: new_id(),
            fee_id: fee.to_string(),
            amount: None,
            grounds: "agreed".to_owned(),
        };
        FeeServiceClient::new(billing.channel()).waive_fee(write_off).await.unwrap();
        assert_eq!(s.t.debt(&s.patron).await, 0);
        s.t.probe().await;
    }

    async fn guardian_and_child(engine: Engine) {
        let s = Scene::start(engine).await;
        s.t.policy("ban.inherit_to_guardian", "true").await;
        let born = s.today().checked_sub_days(Days::new(9 * 365));
        let child = s.t.patron_with(PatronSeed { born, debt_cents: 1_000, ..PatronSeed::default() }).await;
        s.t.relate(&child, &s.patron, RelationKind::Guardian).await;
        let item = s.t.item().await;
        let blocked = s.kiosk.checkout(&s.token, &item.barcode).await.unwrap();
        assert_eq!(reasons(&blocked.refusals), [RefusalReason::WardBlocked]);
        let request = ListFeesRequest { patron_token: s.token.clone(), ..Default::default() };
        let listed = s.kiosk.fees().list_fees(request).await.unwrap().into_inner();
        assert!(listed.fees[0].of_ward);
        assert_eq!(s.pay(1_000).await.verdict(), Verdict::Granted);
        let hold = s.t.hold(&child, item.title, BRANCH_MAIN).await;
        s.kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(s.kiosk.pick_up(&s.token, hold.id).await.unwrap().verdict(), Verdict::Granted, "for the child");
        s.t.probe().await;
    }
}
