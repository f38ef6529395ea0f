//! `LoanService`.

use super::{Api, Asked, fields, page_token, reply};
use crate::status::Fault;
use kortisto::device::v1::{
    CancelCheckoutRequest, CancelCheckoutResponse, CheckoutRequest, CheckoutResponse, ItemRouting,
    ListLoanHistoryRequest, ListLoanHistoryResponse, ListLoansRequest, ListLoansResponse, ListedLoan,
    LoanState, RenewAllRequest, RenewAllResponse, RenewRequest, RenewResponse, RenewResult, ReturnRequest,
    ReturnResponse, ReturnedLoan, SetLoanHistoryRequest, SetLoanHistoryResponse,
    loan_service_server::LoanService,
};
use kortisto_domain::{LoanState as State, consents::TEXT_VERSION_CHARS_MAX};
use kortisto_register::{
    Ask, CancelCheckout, Checkout, HistoryRecord, ListLoanHistory, ListLoans, Renew, RenewAll, Renewed,
    Return, ReturnRouting, Rpc, SetLoanHistory,
};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl LoanService for Api {
    async fn checkout(
        &self,
        request: Request<CheckoutRequest>,
    ) -> Result<Response<CheckoutResponse>, Status> {
        let asked = self.caller(&request, Rpc::Checkout).await?;
        let message = request.into_inner();
        let ask = Checkout {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            token_hash: fields::token(&message.patron_token)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
        };
        let answer =
            self.register.checkout(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let (verdict, refusals, loan) = self.loan(&asked, answer);
        Ok(Response::new(CheckoutResponse { verdict, refusals, loan }))
    }

    async fn r#return(&self, request: Request<ReturnRequest>) -> Result<Response<ReturnResponse>, Status> {
        let asked = self.caller(&request, Rpc::Return).await?;
        let message = request.into_inner();
        let ask = Return {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
        };
        let answer =
            self.register.take_back(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let refusals = self.refusals(&asked, &answer.decision, self.language_of(None));
        let mut response = ReturnResponse {
            verdict: reply::verdict(&answer.decision),
            refusals,
            closed_loan_id: answer.closed_loan.map(|id| id.to_string()).unwrap_or_default(),
            item_label: answer.label,
            ..ReturnResponse::default()
        };
        if let Some(routing) = answer.routing {
            direct(&mut response, routing);
        }
        Ok(Response::new(response))
    }

    async fn cancel_checkout(
        &self,
        request: Request<CancelCheckoutRequest>,
    ) -> Result<Response<CancelCheckoutResponse>, Status> {
        let asked = self.caller(&request, Rpc::CancelCheckout).await?;
        let message = request.into_inner();
        let ask = CancelCheckout {
            caller: asked.caller,
            request_id: fields::id("request_id", &message.request_id)?,
            loan_id: fields::id("loan_id", &message.loan_id)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
        };
        let answer =
            self.register.cancel_checkout(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        Ok(Response::new(CancelCheckoutResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, self.language_of(None)),
            loan_goes_on: answer.loan_goes_on,
        }))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let asked = self.caller(&request, Rpc::Renew).await?;
        let message = request.into_inner();
        let ask = Renew {
            ask: ask(&asked, &message.request_id, &message.patron_token)?,
            barcode: fields::code("item_barcode", &message.item_barcode)?,
        };
        let answer =
            self.register.renew_loan(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        let renewed = answer.loans.into_iter().next();
        Ok(Response::new(RenewResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
            charged: renewed.as_ref().and_then(|renewed| reply::money(renewed.charged_cents)),
            loan: renewed.and_then(|renewed| renewed.loan).map(reply::loan),
        }))
    }

    async fn renew_all(
        &self,
        request: Request<RenewAllRequest>,
    ) -> Result<Response<RenewAllResponse>, Status> {
        let asked = self.caller(&request, Rpc::RenewAll).await?;
        let message = request.into_inner();
        let ask = RenewAll { ask: ask(&asked, &message.request_id, &message.patron_token)? };
        let answer =
            self.register.renew_loans(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        let result = |renewed: Renewed| RenewResult {
            verdict: reply::verdict(&renewed.decision),
            refusals: self.refusals(&asked, &renewed.decision, language),
            charged: reply::money(renewed.charged_cents),
            loan: renewed.loan.map(reply::loan),
        };
        Ok(Response::new(RenewAllResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
            results: answer.loans.into_iter().map(result).collect(),
        }))
    }

    async fn list_loans(
        &self,
        request: Request<ListLoansRequest>,
    ) -> Result<Response<ListLoansResponse>, Status> {
        let asked = self.caller(&request, Rpc::ListLoans).await?;
        let message = request.into_inner();
        let ask = ListLoans {
            caller: asked.caller,
            token_hash: fields::token(&message.patron_token)?,
            page_size: fields::page_size(message.page_size)?,
            after: page_token::place(&message.page_token)?,
        };
        let list =
            self.register.list_loans(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(list.language.as_deref());
        let listed = |listed: kortisto_register::ListedLoan| ListedLoan {
            loan: Some(reply::loan(listed.loan)),
            state: state(listed.state).into(),
            is_late: listed.late,
            accrued: reply::money(listed.accrued_cents),
            renewal: reply::verdict(&listed.renewal),
            renewal_refusals: self.refusals(&asked, &listed.renewal, language),
        };
        Ok(Response::new(ListLoansResponse {
            verdict: reply::verdict(&list.decision),
            refusals: self.refusals(&asked, &list.decision, language),
            loans: list.loans.into_iter().map(listed).collect(),
            next_page_token: page_token::of(list.next),
        }))
    }

    async fn list_loan_history(
        &self,
        request: Request<ListLoanHistoryRequest>,
    ) -> Result<Response<ListLoanHistoryResponse>, Status> {
        let asked = self.caller(&request, Rpc::ListLoanHistory).await?;
        let message = request.into_inner();
        let ask = ListLoanHistory {
            caller: asked.caller,
            token_hash: fields::token(&message.patron_token)?,
            page_size: fields::page_size(message.page_size)?,
            after: page_token::place(&message.page_token)?,
        };
        let history = self.register.list_loan_history(ask, asked.deadline).await;
        let history = history.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(history.language.as_deref());
        Ok(Response::new(ListLoanHistoryResponse {
            verdict: reply::verdict(&history.decision),
            refusals: self.refusals(&asked, &history.decision, language),
            loans: history.page.loans.into_iter().map(returned).collect(),
            next_page_token: page_token::of(history.page.next),
            kept: history.kept,
        }))
    }

    async fn set_loan_history(
        &self,
        request: Request<SetLoanHistoryRequest>,
    ) -> Result<Response<SetLoanHistoryResponse>, Status> {
        let asked = self.caller(&request, Rpc::SetLoanHistory).await?;
        let message = request.into_inner();
        let set = SetLoanHistory {
            ask: ask(&asked, &message.request_id, &message.patron_token)?,
            consented_to: consented_to(message.kept, &message.text_version)?,
        };
        let answer =
            self.register.set_loan_history(set, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        Ok(Response::new(SetLoanHistoryResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
        }))
    }
}

/// Says where the item goes.
fn direct(response: &mut ReturnResponse, routing: ReturnRouting) {
    let (kind, spot) = match routing {
        ReturnRouting::Shelf => (ItemRouting::Shelf, None),
        ReturnRouting::HoldShelf { pickup_number, spot } => {
            response.pickup_number = pickup_number;
            (ItemRouting::HoldShelf, Some(spot))
        }
        ReturnRouting::TransitHome { branch } => {
            response.destination_branch = branch;
            (ItemRouting::TransitHome, None)
        }
        ReturnRouting::TransitToHold { branch, spot } => {
            response.destination_branch = branch;
            (ItemRouting::TransitToHold, Some(spot))
        }
        ReturnRouting::Staff => (ItemRouting::Staff, None),
    };
    response.set_routing(kind);
    let spot = spot.unwrap_or_default();
    response.pickup_stop = spot.stop.unwrap_or_default();
    response.pickup_locker = spot.locker.unwrap_or_default();
}

/// The version of the text that was consented to, if a history is to be kept.
fn consented_to(kept: bool, text_version: &str) -> Result<Option<String>, Fault> {
    match (kept, text_version.is_empty()) {
        (true, _) => fields::text("text_version", text_version, TEXT_VERSION_CHARS_MAX).map(Some),
        (false, true) => Ok(None),
        (false, false) => Err(Fault::field("text_version", "empty where no history is to be kept")),
    }
}

fn returned(record: HistoryRecord) -> ReturnedLoan {
    ReturnedLoan {
        loan_id: record.loan.to_string(),
        item_label: record.label,
        material: record.material,
        lent_at: Some(reply::timestamp(record.lent_at)),
        returned_at: Some(reply::timestamp(record.returned_at)),
    }
}

/// Who asks, and under which id.
fn ask(asked: &Asked, request_id: &str, patron_token: &str) -> Result<Ask, Fault> {
    Ok(Ask {
        caller: asked.caller,
        request_id: fields::id("request_id", request_id)?,
        token_hash: fields::token(patron_token)?,
    })
}

const fn state(state: State) -> LoanState {
    match state {
        State::Open => LoanState::Open,
        State::ClaimedReturned => LoanState::ClaimedReturned,
        State::Lost => LoanState::Lost,
        State::Billed => LoanState::Billed,
    }
}
