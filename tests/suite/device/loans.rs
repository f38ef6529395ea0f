//! Renewing, undoing, listing, and what being late costs.

use chrono::{NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{Refusal, RefusalReason, Verdict},
    device::v1::{
        CancelCheckoutRequest, CancelCheckoutResponse, ItemRouting, ListLoansRequest, LoanState,
        RenewAllRequest, RenewRequest, RenewResponse,
    },
};
use kortisto_domain::{DeviceKind, HoldState, ItemState, LoanState as State};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{BRANCH_EAST, BRANCH_MAIN, Device, ItemSeed, PatronSeed, TestItem, TestPatron, new_id},
};
use sea_orm::ActiveValue::Set;
use tonic::Code;

fn reasons(refusals: &[Refusal]) -> Vec<RefusalReason> {
    refusals.iter().map(Refusal::reason).collect()
}

/// A kiosk, a patron at it and a loan.
struct World {
    t: TestRegister,
    kiosk: Device,
    patron: TestPatron,
    token: String,
    item: TestItem,
    loan_id: String,
}

impl World {
    async fn start(engine: Engine) -> Self {
        Self::with(engine, &[]).await
    }

    async fn with(engine: Engine, policies: &[(&str, &str)]) -> Self {
        let t = TestRegister::start(engine).await;
        for (key, value) in policies {
            t.policy(key, value).await;
        }
        let (kiosk, patron, item) =
            (t.device(DeviceKind::SelfCheckout).await, t.patron().await, t.item().await);
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let loan_id = kiosk.checkout(&token, &item.barcode).await.unwrap().loan.unwrap().loan_id;
        Self { t, kiosk, patron, token, item, loan_id }
    }

    fn today(&self) -> NaiveDate {
        self.t.surroundings.moment().today()
    }

    /// Days before or after today.
    fn day(&self, days: i64) -> NaiveDate {
        self.today() + TimeDelta::days(days)
    }

    async fn renew(&self, barcode: &str) -> RenewResponse {
        self.renew_as(&new_id(), barcode).await.unwrap()
    }

    async fn renew_as(&self, id: &str, barcode: &str) -> Result<RenewResponse, tonic::Status> {
        let request = RenewRequest {
            request_id: id.to_owned(),
            patron_token: self.token.clone(),
            item_barcode: barcode.to_owned(),
        };
        Ok(self.kiosk.loans().renew(request).await?.into_inner())
    }

    async fn undo(&self, device: &Device, loan_id: &str, barcode: &str) -> CancelCheckoutResponse {
        let request = CancelCheckoutRequest {
            request_id: new_id(),
            loan_id: loan_id.to_owned(),
            item_barcode: barcode.to_owned(),
        };
        device.loans().cancel_checkout(request).await.unwrap().into_inner()
    }
}

on_both_engines! {
    async fn a_loan_is_renewed_from_today_and_once_under_one_id(engine: Engine) {
        let w = World::start(engine).await;
        w.t.make_due(&w.item, w.day(3)).await;
        let id = new_id();
        let renewed = w.renew_as(&id, &w.item.barcode).await.unwrap();
        assert_eq!(renewed.verdict(), Verdict::Granted, "{:?}", renewed.refusals);
        let loan = renewed.loan.clone().unwrap();
        assert_eq!((loan.due_date.as_str(), loan.renewals), (w.day(28).to_string().as_str(), 1));
        assert_eq!(loan.loan_id, w.loan_id);
        assert_eq!(renewed.charged, None);
        assert_eq!(w.renew_as(&id, &w.item.barcode).await.unwrap(), renewed);
        assert_eq!(w.t.loan_row(&w.item).await.renewals, 1);
        let other = w.renew_as(&id, "another").await.unwrap_err();
        assert_eq!(other.code(), Code::AlreadyExists);
        let early = w.renew(&w.item.barcode).await;
        assert_eq!(reasons(&early.refusals), [RefusalReason::RenewalTooEarly]);
        assert_eq!(early.loan.unwrap().due_date, loan.due_date, "a refused loan is shown as it stays");
        w.t.probe().await;
    }

    async fn limit_queue_debt_and_state_stand_against_a_renewal(engine: Engine) {
        let w = World::with(engine, &[("renew.max", "2"), ("renew.debt_limit_cents", "500")]).await;
        w.t.make_due(&w.item, w.day(1)).await;
        let unknown = w.renew("no such thing").await;
        assert_eq!((reasons(&unknown.refusals), unknown.loan), (vec![RefusalReason::LoanUnknown], None));
        let stranger = w.t.patron().await;
        let elsewhere = w.t.item().await;
        let token = w.kiosk.sign_in(&stranger.card, stranger.pin).await;
        w.kiosk.checkout(&token, &elsewhere.barcode).await.unwrap();
        let theirs = w.renew(&elsewhere.barcode).await;
        assert_eq!((reasons(&theirs.refusals), theirs.loan), (vec![RefusalReason::LoanUnknown], None));

        w.t.hold(&stranger, w.item.title, BRANCH_MAIN).await;
        w.t.fee(w.patron.id, 500).await;
        w.t.set_loan(&w.item, |row| {
            row.renewals = Set(2);
            row.state = Set(State::ClaimedReturned.code());
        })
        .await;
        let refused = w.renew(&w.item.barcode).await;
        assert_eq!(
            reasons(&refused.refusals),
            [
                RefusalReason::DebtLimit,
                RefusalReason::LoanNotRenewable,
                RefusalReason::RenewalLimit,
                RefusalReason::ItemWaitedFor,
            ]
        );
        assert!(refused.refusals.iter().all(|refusal| !refusal.text.is_empty() && !refusal.remedy.is_empty()));
        assert_eq!(w.t.loan_row(&w.item).await.due_on, w.day(1));
        w.t.probe().await;
    }

    async fn all_loans_are_renewed_that_may_be(engine: Engine) {
        let w = World::start(engine).await;
        let (waited, fresh) = (w.t.item().await, w.t.item().await);
        for item in [&waited, &fresh] {
            w.kiosk.checkout(&w.token, &item.barcode).await.unwrap();
        }
        w.t.make_due(&w.item, w.day(2)).await;
        w.t.make_due(&waited, w.day(1)).await;
        w.t.hold(&w.t.patron().await, waited.title, BRANCH_MAIN).await;
        let request = RenewAllRequest { request_id: new_id(), patron_token: w.token.clone() };
        let all = w.kiosk.loans().renew_all(request.clone()).await.unwrap().into_inner();
        assert_eq!(all.verdict(), Verdict::Denied);
        assert_eq!(reasons(&all.refusals), [RefusalReason::ItemWaitedFor, RefusalReason::RenewalTooEarly]);
        let results: Vec<_> = all
            .results
            .iter()
            .map(|result| (result.loan.as_ref().unwrap().item_barcode.as_str(), reasons(&result.refusals)))
            .collect();
        assert_eq!(
            results,
            [
                (waited.barcode.as_str(), vec![RefusalReason::ItemWaitedFor]),
                (w.item.barcode.as_str(), vec![]),
                (fresh.barcode.as_str(), vec![RefusalReason::RenewalTooEarly]),
            ],
            "those due first before"
        );
        assert_eq!(w.kiosk.loans().renew_all(request).await.unwrap().into_inner(), all);
        assert_eq!(w.t.loan_row(&w.item).await.renewals, 1);
        w.t.probe().await;
    }

    async fn a_late_loan_costs_when_it_comes_back_and_once(engine: Engine) {
        let w = World::with(engine, &[("fee.overdue_cents", "20"), ("fee.overdue_cap_cents", "600")]).await;
        w.t.make_due(&w.item, w.day(-5)).await;
        let request = ListLoansRequest { patron_token: w.token.clone(), ..Default::default() };
        let listed = w.kiosk.loans().list_loans(request).await.unwrap().into_inner().loans.remove(0);
        assert!(listed.is_late);
        assert_eq!(listed.accrued.unwrap().minor_units, 100);
        assert!(w.t.fees_of(&w.patron).await.is_empty(), "nothing is charged before it is over");
        for _ in 0..2 {
            w.kiosk.take_back(&w.item.barcode).await.unwrap();
            w.t.probe().await;
        }
        let fees = w.t.fees_of(&w.patron).await;
        assert_eq!(fees.len(), 1);
        assert_eq!((fees[0].kind.as_str(), fees[0].amount_cents, fees[0].open_cents), ("overdue", 100, 100));
        assert_eq!(fees[0].loan_id.unwrap().to_string(), w.loan_id);
        assert_eq!(fees[0].rule.as_deref(), Some("fee.overdue_cents"));
    }

    async fn a_late_renewal_charges_until_now_and_the_return_from_then(engine: Engine) {
        let w = World::with(engine, &[("fee.overdue_cents", "20")]).await;
        w.t.make_due(&w.item, w.day(-2)).await;
        let renewed = w.renew(&w.item.barcode).await;
        assert_eq!(renewed.charged.unwrap().minor_units, 40);
        w.t.make_due(&w.item, w.day(-3)).await;
        w.kiosk.take_back(&w.item.barcode).await.unwrap();
        let amounts: Vec<_> =
            w.t.fees_of(&w.patron).await.iter().map(|fee| (fee.step, fee.amount_cents)).collect();
        assert_eq!(amounts.len(), 2);
        assert!(amounts.contains(&(0, 40)) && amounts.contains(&(1, 60)), "{amounts:?}");
        w.t.probe().await;
    }

    async fn a_cap_of_the_patron_holds_over_loans_that_come_back_together(engine: Engine) {
        let policies = [
            ("fee.overdue_cents", "100"),
            ("fee.overdue_cap_cents", "250"),
            ("fee.overdue_cap_scope", "patron"),
        ];
        let w = World::with(engine, &policies).await;
        let mut items = vec![w.item.clone()];
        for _ in 0..3 {
            let item = w.t.item().await;
            w.kiosk.checkout(&w.token, &item.barcode).await.unwrap();
            items.push(item);
        }
        let mut back = tokio::task::JoinSet::new();
        for item in items {
            w.t.make_due(&item, w.day(-1)).await;
            let kiosk = w.kiosk.clone();
            back.spawn(async move { kiosk.take_back(&item.barcode).await.unwrap() });
        }
        back.join_all().await;
        let owed: i64 = w.t.fees_of(&w.patron).await.iter().map(|fee| fee.amount_cents).sum();
        assert_eq!(owed, 250);
        w.t.probe().await;
    }

    async fn a_check_out_undone_never_was(engine: Engine) {
        let w = World::start(engine).await;
        let year = i16::try_from(chrono::Datelike::year(&w.today())).unwrap();
        assert_eq!(w.t.loans_of_year(&w.patron, year).await, 1);
        let other = w.t.device(DeviceKind::SelfCheckout).await;
        let elsewhere = w.undo(&other, &w.loan_id, &w.item.barcode).await;
        assert_eq!(reasons(&elsewhere.refusals), [RefusalReason::UndoTooLate]);
        let wrong = w.undo(&w.kiosk, &new_id(), &w.item.barcode).await;
        assert_eq!(reasons(&wrong.refusals), [RefusalReason::LoanUnknown]);
        let undone = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
        assert_eq!((undone.verdict(), undone.loan_goes_on), (Verdict::Granted, Some(false)));
        assert_eq!(w.t.open_loans_of(&w.item).await, 0);
        assert_eq!(w.t.loans_of_year(&w.patron, year).await, 0);
        let twice = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
        assert_eq!(reasons(&twice.refusals), [RefusalReason::LoanUnknown]);
        w.t.probe().await;
        w.kiosk.checkout(&w.token, &w.item.barcode).await.unwrap().loan.unwrap();
        w.t.probe().await;
    }

    async fn undoing_a_pickup_gives_the_item_to_nobody_else(engine: Engine) {
        let w = World::start(engine).await;
        let next = w.t.patron().await;
        let item = w.t.item().await;
        let hold = w.t.hold(&w.patron, item.title, BRANCH_MAIN).await;
        let second = w.t.hold(&next, item.title, BRANCH_MAIN).await;
        let shelf = w.kiosk.take_back(&item.barcode).await.unwrap();
        let ready = w.t.hold_row(hold).await;
        let loan = w.kiosk.pick_up(&w.token, hold.id).await.unwrap().loan.unwrap();
        assert_eq!(w.undo(&w.kiosk, &loan.loan_id, &item.barcode).await.verdict(), Verdict::Granted);
        let row = w.t.hold_row(hold).await;
        assert_eq!(row.state, HoldState::Ready.code());
        assert_eq!((row.pickup_number.clone(), row.pickup_until), (ready.pickup_number, ready.pickup_until));
        assert_eq!(row.pickup_number, Some(shelf.pickup_number));
        assert_eq!(w.t.hold_row(second).await.state, HoldState::Pending.code());
        let kept = w.t.item_row(&item).await;
        assert_eq!((kept.state, kept.kept_for_hold_id), (ItemState::OnHoldShelf.code(), Some(hold.id)));
        w.t.probe().await;
        w.kiosk.pick_up(&w.token, hold.id).await.unwrap().loan.unwrap();
        w.t.probe().await;
    }

    async fn what_an_undone_renewal_charged_is_charged_anew(engine: Engine) {
        let w = World::with(engine, &[("fee.overdue_cents", "20")]).await;
        w.t.make_due(&w.item, w.day(-2)).await;
        for _ in 0..2 {
            assert_eq!(w.renew(&w.item.barcode).await.charged.unwrap().minor_units, 40);
            let undone = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
            assert_eq!((undone.verdict(), w.t.debt(&w.patron).await), (Verdict::Granted, 0));
            w.t.probe().await;
        }
        w.kiosk.take_back(&w.item.barcode).await.unwrap();
        assert_eq!((w.t.open_loans_of(&w.item).await, w.t.debt(&w.patron).await), (0, 40));
        w.t.probe().await;
    }

    async fn a_renewal_of_which_something_was_paid_is_not_undone(engine: Engine) {
        let w = World::with(engine, &[("fee.overdue_cents", "20")]).await;
        w.t.make_due(&w.item, w.day(-2)).await;
        assert_eq!(w.renew(&w.item.barcode).await.charged.unwrap().minor_units, 40);
        let fee = w.t.fees_of(&w.patron).await[0].id;
        w.t.pay(fee, 10).await;
        let refused = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
        assert_eq!(reasons(&refused.refusals), [RefusalReason::UndoTooLate]);
        w.kiosk.take_back(&w.item.barcode).await.unwrap();
        assert_eq!(w.t.debt(&w.patron).await, 30, "those days cost once");
        w.t.probe().await;
    }

    async fn an_undone_renewal_leaves_the_check_out_to_its_own_device(engine: Engine) {
        let w = World::start(engine).await;
        w.t.make_due(&w.item, w.day(3)).await;
        let other = w.t.device(DeviceKind::SelfCheckout).await;
        let token = other.sign_in(&w.patron.card, w.patron.pin).await;
        assert_eq!(other.renew(&token, &w.item.barcode).await.unwrap().verdict(), Verdict::Granted);
        assert_eq!(w.undo(&other, &w.loan_id, &w.item.barcode).await.loan_goes_on, Some(true));
        let foreign = w.undo(&other, &w.loan_id, &w.item.barcode).await;
        assert_eq!(reasons(&foreign.refusals), [RefusalReason::UndoTooLate]);
        assert_eq!(w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await.loan_goes_on, Some(false));
        w.t.probe().await;
    }

    async fn of_two_renewals_only_the_last_is_undone(engine: Engine) {
        let w = World::with(engine, &[("renew.start", "due_date")]).await;
        for _ in 0..2 {
            assert_eq!(w.renew(&w.item.barcode).await.verdict(), Verdict::Granted);
        }
        assert_eq!(w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await.loan_goes_on, Some(true));
        let first = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
        assert_eq!(reasons(&first.refusals), [RefusalReason::UndoTooLate]);
        assert_eq!(w.t.loan_row(&w.item).await.renewals, 1);
    }

    async fn nobody_waits_behind_their_own_back(engine: Engine) {
        let w = World::with(engine, &[("loan.held_period_days", "14")]).await;
        w.t.make_due(&w.item, w.day(3)).await;
        w.t.hold(&w.patron, w.item.title, BRANCH_MAIN).await;
        let renewed = w.renew(&w.item.barcode).await;
        assert_eq!(renewed.loan.unwrap().due_date, w.day(28).to_string());
        let seed = ItemSeed { title: Some(w.item.title), ..ItemSeed::default() };
        let copy = w.t.item_with(seed).await;
        let lent = w.kiosk.checkout(&w.token, &copy.barcode).await.unwrap();
        assert_eq!(lent.loan.unwrap().due_date, w.day(28).to_string());
        w.t.hold(&w.t.patron().await, w.item.title, BRANCH_MAIN).await;
        let waited = w.renew(&w.item.barcode).await;
        assert!(reasons(&waited.refusals).contains(&RefusalReason::ItemWaitedFor));
    }

    async fn a_billed_loan_is_listed_without_a_price_for_being_late(engine: Engine) {
        let w = World::with(engine, &[("fee.overdue_cents", "20")]).await;
        w.t.make_due(&w.item, w.day(-5)).await;
        w.t.set_loan(&w.item, |row| row.state = Set(State::Billed.code())).await;
        let request = ListLoansRequest { patron_token: w.token.clone(), ..Default::default() };
        let listed = w.kiosk.loans().list_loans(request).await.unwrap().into_inner().loans.remove(0);
        assert_eq!((listed.is_late, listed.accrued), (true, None));
    }

    async fn a_check_out_is_undone_in_time_only(engine: Engine) {
        let w = World::with(engine, &[("loan.undo_minutes", "2")]).await;
        w.t.clock.advance(TimeDelta::seconds(121));
        let late = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
        assert_eq!(reasons(&late.refusals), [RefusalReason::UndoTooLate]);
        assert_eq!(w.t.open_loans_of(&w.item).await, 1);
    }

    async fn scanning_a_loan_again_renews_it_where_the_policy_says_so(engine: Engine) {
        let w = World::with(engine, &[("loan.rescan_renews", "true"), ("fee.overdue_cents", "20")]).await;
        w.t.make_due(&w.item, w.day(-1)).await;
        let again = w.kiosk.checkout(&w.token, &w.item.barcode).await.unwrap();
        let loan = again.loan.unwrap();
        assert_eq!((loan.renewals, loan.due_date), (1, w.day(28).to_string()));
        assert_eq!(w.t.fees_of(&w.patron).await[0].open_cents, 20);
        w.t.probe().await;
        let undone = w.undo(&w.kiosk, &w.loan_id, &w.item.barcode).await;
        assert_eq!((undone.verdict(), undone.loan_goes_on), (Verdict::Granted, Some(true)));
        let row = w.t.loan_row(&w.item).await;
        assert_eq!((row.due_on, row.renewals), (w.day(-1), 0));
        assert_eq!(w.t.fees_of(&w.patron).await[0].open_cents, 0, "what the renewal charged is taken back");
        w.t.probe().await;
    }

    async fn loans_are_listed_by_their_due_date_and_page_by_page(engine: Engine) {
        let w = World::start(engine).await;
        w.t.make_due(&w.item, w.day(9)).await;
        for days in [7, 9, 8] {
            let item = w.t.item().await;
            w.kiosk.checkout(&w.token, &item.barcode).await.unwrap();
            w.t.make_due(&item, w.day(days)).await;
        }
        let (mut dates, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListLoansRequest { patron_token: w.token.clone(), page_size: 3, page_token };
            let page = w.kiosk.loans().list_loans(request).await.unwrap().into_inner();
            assert!(page.loans.len() <= 3);
            for listed in page.loans {
                assert_eq!((listed.state(), listed.is_late), (LoanState::Open, false));
                assert_eq!(listed.renewal(), Verdict::Granted);
                dates.push(listed.loan.unwrap().due_date);
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(dates, [7, 8, 9, 9].map(|days| w.day(days).to_string()));
    }

    async fn what_was_lost_and_is_found_costs_its_price_no_more(engine: Engine) {
        let w = World::start(engine).await;
        let loan = w.t.loan_row(&w.item).await;
        w.t.set_loan(&w.item, |row| row.state = Set(State::Billed.code())).await;
        w.t.fee_of_loan(w.patron.id, loan.id, "compensation", 2_500).await;
        w.t.make_due(&w.item, w.day(-60)).await;
        let back = w.kiosk.take_back(&w.item.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::Shelf);
        let fees = w.t.fees_of(&w.patron).await;
        assert_eq!(fees.len(), 1, "being late was charged with the bill");
        assert_eq!(fees[0].open_cents, 0);
        w.t.probe().await;
    }

    async fn an_item_of_another_branch_costs_what_the_lending_branch_says(engine: Engine) {
        let w = World::with(engine, &[("fee.overdue_cents", "20")]).await;
        let seed = ItemSeed { home: BRANCH_EAST, ..ItemSeed::default() };
        let item = w.t.item_with(seed).await;
        let patron = w.t.patron_with(PatronSeed::default()).await;
        let token = w.kiosk.sign_in(&patron.card, patron.pin).await;
        w.kiosk.checkout(&token, &item.barcode).await.unwrap();
        w.t.make_due(&item, w.day(-1)).await;
        let east = w.t.device_at(DeviceKind::SelfCheckout, BRANCH_EAST, "east").await;
        east.take_back(&item.barcode).await.unwrap();
        let fees = w.t.fees_of(&patron).await;
        assert_eq!((fees.len(), fees[0].amount_cents), (1, 20));
        let rulebook = w.t.register.rulebook();
        assert_eq!(fees[0].municipality, rulebook.place(BRANCH_MAIN).municipality);
        w.t.probe().await;
    }
}
