//! `LoanService` at a desk.

use super::{explain::policy, fields};
use crate::{
    services::{Api, fields::page_size, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{
    self as wire, BillLoanRequest, BillLoanResponse, LoanReport, OpenPatronSessionRequest,
    OpenPatronSessionResponse, ReportLoanRequest, ReportLoanResponse, loan_service_server::LoanService,
};
use kortisto_domain::LoanState;
use kortisto_register::staff::loans::{
    BillLoan, ExplainLoan, ListPatronLoans, LoanCost, LoanEvent, OpenPatronSession, PatronLoan, ReportLoan,
};
use secrecy::ExposeSecret as _;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl LoanService for Api {
    async fn open_patron_session(
        &self,
        request: Request<OpenPatronSessionRequest>,
    ) -> Result<Response<OpenPatronSessionResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = OpenPatronSession {
            request_id: fields::id("request_id", &message.request_id)?,
            card_number: fields::code("card_number", &message.card_number)?,
        };
        let opened = desk.change(ask).await?;
        let token = self.register.session_token(opened.id, opened.device_id);
        Ok(Response::new(OpenPatronSessionResponse {
            patron_token: token.expose_secret().to_owned(),
            token_expires_at: Some(reply::timestamp(opened.expires_at)),
        }))
    }

    async fn report_loan(
        &self,
        request: Request<ReportLoanRequest>,
    ) -> Result<Response<ReportLoanResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ReportLoan {
            request_id: fields::id("request_id", &message.request_id)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
            state: report(message.report)?,
        };
        let loan_id = desk.change(ask).await?.to_string();
        Ok(Response::new(ReportLoanResponse { loan_id }))
    }

    async fn bill_loan(
        &self,
        request: Request<BillLoanRequest>,
    ) -> Result<Response<BillLoanResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = BillLoan {
            request_id: fields::id("request_id", &message.request_id)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
        };
        let billed = desk.change(ask).await?;
        Ok(Response::new(BillLoanResponse {
            loan_id: billed.loan.to_string(),
            overdue: reply::money(billed.overdue_cents),
            compensation: reply::money(billed.compensation_cents),
            billing: reply::money(billed.billing_cents),
        }))
    }

    async fn list_patron_loans(
        &self,
        request: Request<wire::ListPatronLoansRequest>,
    ) -> Result<Response<wire::ListPatronLoansResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListPatronLoans {
            patron_number: fields::code("patron_number", &message.patron_number)?,
            purpose: fields::purpose(message.purpose)?,
            page_size: page_size(message.page_size)?,
            after: page_token::place(&message.page_token)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(wire::ListPatronLoansResponse {
            loans: page.loans.into_iter().map(patron_loan).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn explain_loan(
        &self,
        request: Request<wire::ExplainLoanRequest>,
    ) -> Result<Response<wire::ExplainLoanResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ExplainLoan {
            barcode: fields::code("item_barcode", &message.item_barcode)?,
            purpose: fields::purpose(message.purpose)?,
        };
        let explained = desk.view(ask).await?;
        let (returned_at, returned_branch) = explained.returned.unzip();
        Ok(Response::new(wire::ExplainLoanResponse {
            loan_id: explained.loan.to_string(),
            patron_number: explained.patron_number,
            lent_at: Some(reply::timestamp(explained.lent_at)),
            lent_branch: explained.lent_branch,
            due_date: explained.due_on.to_string(),
            renewals: explained.renewals.into(),
            returned_at: returned_at.map(reply::timestamp),
            returned_branch: returned_branch.unwrap_or_default(),
            item_branch: explained.item_branch,
            kept_for_hold_id: explained.kept_for.map(|hold| hold.to_string()).unwrap_or_default(),
            events: explained.events.into_iter().map(event).collect(),
            policies: explained
                .policies
                .into_iter()
                .map(|(applied, branch)| policy(applied, branch))
                .collect(),
            costs: explained.costs.into_iter().map(cost).collect(),
        }))
    }
}

fn patron_loan(loan: PatronLoan) -> wire::PatronLoan {
    wire::PatronLoan {
        loan_id: loan.loan.id.to_string(),
        item_barcode: loan.loan.barcode,
        title_label: loan.loan.label,
        state: loan.state.code().into(),
        lent_at: Some(reply::timestamp(loan.loan.lent_at)),
        lent_branch: loan.branch,
        due_date: loan.loan.due_on.to_string(),
        renewals: loan.loan.renewals.into(),
        is_late: loan.late,
        accrued: reply::money(loan.accrued_cents),
        is_waited_for: loan.waited_for,
    }
}

fn event(event: LoanEvent) -> wire::LoanEvent {
    wire::LoanEvent {
        occurred_at: Some(reply::timestamp(event.at)),
        action: event.action,
        actor: event.actor,
        branch: event.branch.unwrap_or_default(),
        hold_id: event.hold.map(|hold| hold.to_string()).unwrap_or_default(),
        granted: event.granted,
        reasons: event.reasons,
    }
}

fn cost(cost: LoanCost) -> wire::LoanCost {
    wire::LoanCost {
        kind: cost.kind,
        amount: Some(reply::amount(cost.cents)),
        open: Some(reply::amount(cost.open_cents)),
        rule: cost.rule.unwrap_or_default(),
    }
}

fn report(number: i32) -> Result<LoanState, Fault> {
    match LoanReport::try_from(number) {
        Ok(LoanReport::Open) => Ok(LoanState::Open),
        Ok(LoanReport::ClaimedReturned) => Ok(LoanState::ClaimedReturned),
        Ok(LoanReport::Lost) => Ok(LoanState::Lost),
        Ok(LoanReport::Unspecified) | Err(_) => {
            Err(Fault::field("report", "one of the values of kortisto.staff.v1.LoanReport, not unspecified"))
        }
    }
}
