//! Loans at a desk.

use crate::coverage::rpc::reason;
use chrono::TimeDelta;
use kortisto::{
    common::v1::{ErrorReason, RefusalReason, Verdict},
    device::v1::{ItemRouting, ListLoansRequest, LoanState},
    staff::v1::{
        BillLoanRequest, BillLoanResponse, ExplainLoanRequest, ListPatronLoansRequest, LoanReport,
        OpenPatronSessionRequest, Purpose, ReportCardLostRequest, ReportLoanRequest,
        card_service_client::CardServiceClient, loan_service_client::LoanServiceClient,
    },
};
use kortisto_domain::{ItemState, StaffRole};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{Staff, TestItem, TestPatron, new_id},
};
use tonic::Status;

/// A desk where somebody is signed in, a patron before it, and a loan.
struct World {
    t: TestRegister,
    staff: Staff,
    patron: TestPatron,
    token: String,
    item: TestItem,
}

impl World {
    async fn start(engine: Engine, policies: &[(&str, &str)]) -> Self {
        let t = TestRegister::start(engine).await;
        for (key, value) in policies {
            t.policy(key, value).await;
        }
        let (staff, patron, item) = (t.staff(&[StaffRole::Desk]).await, t.patron().await, t.item().await);
        let ask = OpenPatronSessionRequest { request_id: new_id(), card_number: patron.card.clone() };
        let mut loans = LoanServiceClient::new(staff.channel());
        let opened = loans.open_patron_session(ask.clone()).await.unwrap().into_inner();
        assert_eq!(loans.open_patron_session(ask).await.unwrap().into_inner(), opened, "one id, one session");
        let token = opened.patron_token;
        let lent = staff.desk.checkout(&token, &item.barcode).await.unwrap();
        assert_eq!(lent.verdict(), Verdict::Granted, "{:?}", lent.refusals);
        Self { t, staff, patron, token, item }
    }

    async fn report(&self, report: LoanReport) -> Result<String, Status> {
        let ask = ReportLoanRequest {
            request_id: new_id(),
            item_barcode: self.item.barcode.clone(),
            report: report.into(),
        };
        let reported = LoanServiceClient::new(self.staff.channel()).report_loan(ask).await?;
        Ok(reported.into_inner().loan_id)
    }

    async fn bill(&self) -> Result<BillLoanResponse, Status> {
        let ask = BillLoanRequest { request_id: new_id(), item_barcode: self.item.barcode.clone() };
        Ok(LoanServiceClient::new(self.staff.channel()).bill_loan(ask).await?.into_inner())
    }

    async fn state(&self) -> LoanState {
        let request = ListLoansRequest { patron_token: self.token.clone(), ..Default::default() };
        self.staff.desk.loans().list_loans(request).await.unwrap().into_inner().loans[0].state()
    }
}

on_both_engines! {
    async fn a_desk_lends_renews_and_takes_back_by_the_rules_of_every_kiosk(engine: Engine) {
        let w = World::start(engine, &[]).await;
        assert_eq!(w.state().await, LoanState::Open);
        let again = w.staff.desk.checkout(&w.token, &w.item.barcode).await.unwrap();
        assert_eq!(again.refusals[0].reason(), RefusalReason::ItemAlreadyYours);
        let back = w.staff.desk.take_back(&w.item.barcode).await.unwrap();
        assert_eq!(back.routing(), ItemRouting::Shelf);
        w.t.clock.advance(TimeDelta::minutes(30));
        let over = w.staff.desk.checkout(&w.token, &w.item.barcode).await.unwrap();
        assert_eq!(over.refusals[0].reason(), RefusalReason::SessionEnded);
        w.t.probe().await;
    }

    async fn a_session_of_a_desk_is_of_no_use_elsewhere(engine: Engine) {
        let w = World::start(engine, &[]).await;
        let other = w.t.staff(&[StaffRole::Desk]).await;
        let refused = other.desk.checkout(&w.token, &w.t.item().await.barcode).await.unwrap();
        assert_eq!(refused.refusals[0].reason(), RefusalReason::SessionEnded);
        let unknown = OpenPatronSessionRequest { request_id: new_id(), card_number: "853A0".to_owned() };
        let status = LoanServiceClient::new(other.channel()).open_patron_session(unknown).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::NotFound);
    }

    async fn a_lost_loan_is_not_renewed_and_goes_to_staff_when_it_turns_up(engine: Engine) {
        let w = World::start(engine, &[]).await;
        let loan = w.t.loan_row(&w.item).await.id.to_string();
        assert_eq!(w.report(LoanReport::ClaimedReturned).await.unwrap(), loan);
        assert_eq!(w.state().await, LoanState::ClaimedReturned);
        w.report(LoanReport::Lost).await.unwrap();
        assert_eq!(w.t.item_row(&w.item).await.state, ItemState::Lost.code());
        let renewal = w.staff.desk.renew(&w.token, &w.item.barcode).await.unwrap();
        assert!(renewal.refusals.iter().any(|why| why.reason() == RefusalReason::LoanNotRenewable));
        w.report(LoanReport::Open).await.unwrap();
        assert_eq!(w.t.item_row(&w.item).await.state, ItemState::Available.code());
        w.report(LoanReport::Lost).await.unwrap();
        let back = w.staff.desk.take_back(&w.item.barcode).await.unwrap();
        assert_eq!((back.routing(), back.closed_loan_id), (ItemRouting::Staff, loan));
        assert_eq!(reason(&w.report(LoanReport::Lost).await.unwrap_err()), ErrorReason::NotFound);
        w.t.probe().await;
    }

    async fn staff_see_the_loans_of_a_patron_whose_card_is_lost(engine: Engine) {
        let w = World::start(engine, &[("fee.overdue_cents", "20")]).await;
        let other = w.t.item().await;
        w.staff.desk.checkout(&w.token, &other.barcode).await.unwrap();
        let today = w.t.surroundings.moment().today();
        w.t.make_due(&w.item, today - TimeDelta::days(3)).await;
        let lost = ReportCardLostRequest { request_id: new_id(), card_number: w.patron.card.clone() };
        CardServiceClient::new(w.staff.channel()).report_card_lost(lost).await.unwrap();
        let list = async |page_size: i32, page_token: &str| {
            let ask = ListPatronLoansRequest {
                patron_number: w.patron.number.clone(),
                purpose: Purpose::CustomerService.into(),
                page_size,
                page_token: page_token.to_owned(),
            };
            LoanServiceClient::new(w.staff.channel()).list_patron_loans(ask).await.unwrap().into_inner()
        };
        let all = list(0, "").await;
        assert_eq!((all.loans.len(), all.next_page_token.as_str()), (2, ""));
        let first = list(1, "").await;
        let late = &first.loans[0];
        assert_eq!((late.item_barcode.as_str(), late.is_late), (w.item.barcode.as_str(), true));
        assert_eq!(late.accrued.as_ref().unwrap().minor_units, 60);
        assert_eq!((late.lent_branch.as_str(), late.due_date.clone()), ("main", (today - TimeDelta::days(3)).to_string()));
        let second = list(1, &first.next_page_token).await;
        assert_eq!((second.loans[0].item_barcode.as_str(), second.loans[0].is_late), (other.barcode.as_str(), false));
        assert_eq!((second.loans[0].accrued.clone(), second.next_page_token.as_str()), (None, ""));
        assert_eq!([first.loans, second.loans].concat(), all.loans);
    }

    async fn what_is_found_after_a_bill_is_credited_where_the_policy_says_so(engine: Engine) {
        for (policy, open) in [("none", vec![("compensation", 2_500)]), ("unpaid", Vec::new())] {
            let policies = [("fee.compensation_cents", "2500"), ("fee.found_credit", policy)];
            let w = World::start(engine, &policies).await;
            w.bill().await.unwrap();
            w.staff.desk.take_back(&w.item.barcode).await.unwrap();
            let fees = w.t.fees_of(&w.patron).await;
            let owed = fees.iter().filter(|fee| fee.open_cents > 0);
            assert_eq!(owed.map(|fee| (fee.kind.as_str(), fee.open_cents)).collect::<Vec<_>>(), open, "{policy}");
            w.t.probe().await;
        }
    }

    async fn a_bill_charges_once_and_what_is_found_costs_no_price(engine: Engine) {
        let policies = [
            ("fee.overdue_cents", "20"),
            ("fee.compensation_cents", "2500"),
            ("fee.bill_cents", "500"),
        ];
        let w = World::start(engine, &policies).await;
        let today = w.t.surroundings.moment().today();
        w.t.make_due(&w.item, today - TimeDelta::days(10)).await;
        let billed = w.bill().await.unwrap();
        let cents = |money: Option<kortisto::common::v1::Money>| money.map(|money| money.minor_units);
        assert_eq!(
            (cents(billed.overdue), cents(billed.compensation), cents(billed.billing)),
            (Some(200), Some(2_500), Some(500))
        );
        assert_eq!(w.state().await, LoanState::Billed);
        assert!(w.t.fees_of(&w.patron).await.iter().all(|fee| fee.billed_at.is_some()));
        assert_eq!(reason(&w.bill().await.unwrap_err()), ErrorReason::RuleBroken);
        assert_eq!(reason(&w.report(LoanReport::Lost).await.unwrap_err()), ErrorReason::RuleBroken);
        w.t.probe().await;
        w.staff.desk.take_back(&w.item.barcode).await.unwrap();
        let open: Vec<_> =
            w.t.fees_of(&w.patron).await.into_iter().map(|fee| (fee.kind, fee.open_cents)).collect();
        assert_eq!(open.len(), 3, "{open:?}");
        for expected in [("overdue", 200), ("compensation", 0), ("billing", 500)] {
            assert!(open.contains(&(expected.0.to_owned(), expected.1)), "{open:?}");
        }
        w.t.probe().await;
    }

    async fn a_loan_is_explained_from_its_check_out_to_where_the_item_went(engine: Engine) {
        let w = World::start(engine, &[("loan.period_days", "14"), ("fee.overdue_cents", "20")]).await;
        let explain = async || {
            let ask = ExplainLoanRequest {
                item_barcode: w.item.barcode.clone(),
                purpose: Purpose::CustomerService.into(),
            };
            LoanServiceClient::new(w.staff.channel()).explain_loan(ask).await.map(tonic::Response::into_inner)
        };
        let open = explain().await.unwrap();
        assert_eq!((open.patron_number, open.returned_at), (w.patron.number.clone(), None));
        let period = open.policies.iter().find(|policy| policy.key == "loan.period_days").unwrap();
        assert!(period.value == "14" && period.row.is_some());
        assert!(open.policies.iter().any(|policy| policy.key == "renew.max"));
        let actions: Vec<_> = open.events.iter().map(|event| (event.action.as_str(), event.granted)).collect();
        assert_eq!(actions, [("checkout", true)]);

        // A desk notes what is said of it.
        w.t.clock.advance(TimeDelta::seconds(1));
        w.report(LoanReport::ClaimedReturned).await.unwrap();
        let claimed = explain().await.unwrap();
        let last = claimed.events.last().unwrap();
        assert_eq!((last.action.as_str(), last.actor.as_str()), ("report_loan", "staff"));

        // It comes back late, and somebody waits for it.
        w.t.make_due(&w.item, w.t.surroundings.moment().today() - chrono::Days::new(3)).await;
        let heir = w.t.patron().await;
        let hold = w.t.hold(&heir, w.item.title, kortisto_testkit::register::BRANCH_MAIN).await;
        w.t.clock.advance(TimeDelta::seconds(1));
        w.staff.desk.take_back(&w.item.barcode).await.unwrap();
        let over = explain().await.unwrap();
        assert_eq!(over.loan_id, open.loan_id);
        assert!(over.returned_at.is_some() && over.returned_branch == "main");
        let last = over.events.last().unwrap();
        assert_eq!((last.action.as_str(), last.hold_id.as_str()), ("return", hold.id.to_string().as_str()));
        assert_eq!(over.kept_for_hold_id, hold.id.to_string());
        let costs: Vec<_> = over.costs.iter().map(|cost| (cost.kind.as_str(), cost.rule.as_str())).collect();
        assert_eq!(costs, [("overdue", "fee.overdue_cents")]);
        assert_eq!(over.costs[0].amount.as_ref().unwrap().minor_units, 60);

        w.t.let_off(&w.patron).await;
        w.t.clock.advance(TimeDelta::days(61));
        w.t.job(kortisto_register::jobs::Job::ForgetBorrowers).await;
        let staff = w.t.staff(&[StaffRole::Desk]).await;
        let ask = ExplainLoanRequest {
            item_barcode: w.item.barcode.clone(),
            purpose: Purpose::CustomerService.into(),
        };
        let forgotten = LoanServiceClient::new(staff.channel()).explain_loan(ask).await.unwrap_err();
        assert_eq!(forgotten.code(), tonic::Code::NotFound, "nobody knows any more");
        w.t.probe().await;
    }
}
