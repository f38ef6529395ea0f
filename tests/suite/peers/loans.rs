//! Loans, as peers have them.

use super::{Scene, cents, reasons};
use chrono::Days;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{CancelCheckoutRequest, ItemRouting, ListLoansRequest, RenewAllRequest},
};
use kortisto_domain::{BanKind, DeviceKind};
use kortisto_testkit::{
    on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, new_id},
};

impl Scene {
    pub(super) async fn loans(
        &self,
        page_size: i32,
        page_token: &str,
    ) -> kortisto::device::v1::ListLoansResponse {
        let request = ListLoansRequest {
            patron_token: self.token.clone(),
            page_size,
            page_token: page_token.to_owned(),
        };
        self.kiosk.loans().list_loans(request).await.unwrap().into_inner()
    }

    async fn renew(&self, barcode: &str) -> kortisto::device::v1::RenewResponse {
        self.kiosk.renew(&self.token, barcode).await.unwrap()
    }
}

on_both_engines! {
    async fn checkout_checkin_renew_renew_all(engine: Engine) {
        let s = Scene::start(engine).await;
        let (one, other) = (s.lent().await, s.lent().await);
        for item in [&one, &other] {
            s.t.make_due(item, s.today()).await;
        }
        assert_eq!(s.renew(&one.barcode).await.verdict(), Verdict::Granted);
        let request = RenewAllRequest { request_id: new_id(), patron_token: s.token.clone() };
        let all = s.kiosk.loans().renew_all(request).await.unwrap().into_inner();
        let each: Vec<_> = all.results.iter().map(|result| reasons(&result.refusals)).collect();
        assert_eq!(each, [vec![], vec![RefusalReason::RenewalTooEarly]]);
        assert_eq!(s.kiosk.take_back(&one.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        assert_eq!((s.t.open_loans_of(&one).await, s.t.open_loans_of(&other).await), (0, 1));
        s.t.probe().await;
    }

    async fn overdue_charged_fine_recall(engine: Engine) {
        let s = Scene::start(engine).await;
        s.t.policy("fee.overdue_cents", "20").await;
        let (late, wanted) = (s.lent().await, s.lent().await);
        s.t.make_due(&late, s.today() - Days::new(3)).await;
        let (other, _) = s.somebody_else().await;
        s.t.hold(&other, wanted.title, BRANCH_MAIN).await;
        let listed = s.loans(0, "").await.loans;
        let shown: Vec<_> = listed
            .iter()
            .map(|loan| (loan.is_late, cents(loan.accrued.as_ref()), loan.renewal()))
            .collect();
        assert_eq!(shown, [(true, 60, Verdict::Granted), (false, 0, Verdict::Denied)], "charged, overdue and fine");
        assert!(reasons(&listed[1].renewal_refusals).contains(&RefusalReason::ItemWaitedFor), "recalled");
    }

    async fn fee_needs_acknowledgement_first(engine: Engine) {
        let s = Scene::start(engine).await;
        s.t.policy("fee.overdue_cents", "20").await;
        let item = s.lent().await;
        s.t.make_due(&item, s.today() - Days::new(2)).await;
        let shown = cents(s.loans(0, "").await.loans[0].accrued.as_ref());
        assert_eq!((shown, s.t.debt(&s.patron).await), (40, 0), "shown, and not charged by looking");
        let renewed = s.renew(&item.barcode).await;
        assert_eq!(cents(renewed.charged.as_ref()), shown, "what was shown is charged, and said");
        assert_eq!(s.t.debt(&s.patron).await, shown);
    }

    async fn no_block_and_offline(engine: Engine) {
        let s = Scene::start(engine).await;
        let item = s.lent().await;
        // Whoever brings it back, nothing stands against it.
        s.t.ban(&s.patron, BanKind::Lending).await;
        s.t.fee(s.patron.id, 9_000).await;
        assert_eq!(s.kiosk.take_back(&item.barcode).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(s.kiosk.take_back(&item.barcode).await.unwrap().verdict(), Verdict::Granted, "twice too");
        // What was not asked live is not lent: the block of this moment counts.
        let refused = s.kiosk.checkout(&s.token, &item.barcode).await.unwrap();
        assert_eq!(reasons(&refused.refusals), [RefusalReason::LendingBan, RefusalReason::DebtLimit]);
    }

    async fn cancel(engine: Engine) {
        let s = Scene::start(engine).await;
        let item = s.t.item().await;
        let hold = s.t.hold(&s.patron, item.title, BRANCH_MAIN).await;
        let (other, _) = s.somebody_else().await;
        s.t.hold(&other, item.title, BRANCH_MAIN).await;
        s.kiosk.take_back(&item.barcode).await.unwrap();
        let loan = s.kiosk.pick_up(&s.token, hold.id).await.unwrap().loan.unwrap();
        let request = CancelCheckoutRequest {
            request_id: new_id(),
            loan_id: loan.loan_id,
            item_barcode: item.barcode.clone(),
        };
        let undone = s.kiosk.loans().cancel_checkout(request).await.unwrap().into_inner();
        assert_eq!((undone.verdict(), undone.loan_goes_on()), (Verdict::Granted, false));
        assert_eq!(s.t.item_row(&item).await.kept_for_hold_id, Some(hold.id), "not for the next of the queue");
        assert_eq!(s.kiosk.pick_up(&s.token, hold.id).await.unwrap().verdict(), Verdict::Granted);
        s.t.probe().await;
    }

    async fn multi_branch(engine: Engine) {
        let s = Scene::start(engine).await;
        let east = s.t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        let item = s.lent().await;
        let back = east.take_back(&item.barcode).await.unwrap();
        assert_eq!((back.routing(), back.destination_branch.as_str()), (ItemRouting::TransitHome, "main"));
        assert_eq!(s.kiosk.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::Shelf);
        let hold = s.t.hold(&s.patron, item.title, BRANCH_EAST).await;
        let back = s.kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!((back.routing(), back.destination_branch.as_str()), (ItemRouting::TransitToHold, "east"));
        assert_eq!(east.take_back(&item.barcode).await.unwrap().routing(), ItemRouting::HoldShelf);
        let there = east.sign_in(&s.patron.card, s.patron.pin).await;
        assert_eq!(east.pick_up(&there, hold.id).await.unwrap().verdict(), Verdict::Granted);
        s.t.probe().await;
    }

    async fn idempotent_retry(engine: Engine) {
        let s = Scene::start(engine).await;
        let (item, id) = (s.t.item().await, new_id());
        let first = s.kiosk.checkout_as(&id, &s.token, &item.barcode).await.unwrap();
        // Over a new connection too: the answer is kept with the loan, not with the line.
        let again = kortisto_testkit::register::Device {
            channel: s.t.connect(Some(&s.kiosk.identity)).await.unwrap(),
            ..s.kiosk.clone()
        };
        assert_eq!(again.checkout_as(&id, &s.token, &item.barcode).await.unwrap(), first);
        s.kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(again.checkout_as(&id, &s.token, &item.barcode).await.unwrap(), first);
        assert_eq!(s.t.open_loans_of(&item).await, 0, "and lends nothing again");
        s.t.probe().await;
    }
}
