//! `AccessService`.

use super::{Api, fields, reply};
use crate::text::ScreenLine;
use kortisto::device::v1::{CheckAccessRequest, CheckAccessResponse, access_service_server::AccessService};
use kortisto_register::{ANSWER_VALID_FOR, AccessQuestion, Rpc};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl AccessService for Api {
    async fn check_access(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<Response<CheckAccessResponse>, Status> {
        let asked = self.caller(&request, Rpc::CheckAccess).await?;
        let message = request.into_inner();
        let ask = AccessQuestion {
            caller: asked.caller,
            card_number: fields::code("card_number", &message.card_number)?,
            pin: message.pin.as_deref().map(fields::pin).transpose()?,
            resource: fields::code("resource", &message.resource)?,
            nonce: fields::id("nonce", &message.nonce)?,
        };
        let answer =
            self.register.check_access(ask, asked.deadline).await.map_err(|error| asked.fault(&error))?;
        let language = self.language_of(answer.language.as_deref());
        let granted = answer.decision.is_granted();
        let valid_for = if granted { ANSWER_VALID_FOR } else { std::time::Duration::ZERO };
        Ok(Response::new(CheckAccessResponse {
            verdict: reply::verdict(&answer.decision),
            refusals: self.refusals(&asked, &answer.decision, language),
            screen_text: self
                .texts
                .screen(language, ScreenLine::for_reasons(answer.decision.reasons()))
                .to_owned(),
            decision_id: answer.decision_id.to_string(),
            nonce: message.nonce,
            issued_at: Some(reply::timestamp(answer.issued_at)),
            valid_for: prost_types::Duration::try_from(valid_for).ok(),
        }))
    }
}
