//! `LoanService`.

use super::{Api, fields, reply};
use kortisto::device::v1::{
    CheckoutRequest, CheckoutResponse, ItemRouting, ReturnRequest, ReturnResponse,
    loan_service_server::LoanService,
};
use kortisto_register::{Checkout, Return, ReturnRouting, Rpc};
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
        let (routing, destination_branch, pickup_number) = match answer.routing {
            None => (ItemRouting::Unspecified, None, None),
            Some(ReturnRouting::Shelf) => (ItemRouting::Shelf, None, None),
            Some(ReturnRouting::HoldShelf { pickup_number }) => {
                (ItemRouting::HoldShelf, None, Some(pickup_number))
            }
            Some(ReturnRouting::TransitHome { branch }) => (ItemRouting::TransitHome, Some(branch), None),
            Some(ReturnRouting::TransitToHold { branch }) => (ItemRouting::TransitToHold, Some(branch), None),
            Some(ReturnRouting::Staff) => (ItemRouting::Staff, None, None),
        };
        Ok(Response::new(ReturnResponse {
            verdict: reply::verdict(&answer.decision),
            refusals,
            closed_loan_id: answer.closed_loan.map(|id| id.to_string()).unwrap_or_default(),
            item_label: answer.label,
            routing: routing.into(),
            destination_branch: destination_branch.unwrap_or_default(),
            pickup_number: pickup_number.unwrap_or_default(),
        }))
    }
}
