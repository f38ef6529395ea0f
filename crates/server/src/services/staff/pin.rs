//! `PinService`.

use super::{fault, fields};
use crate::services::Api;
use kortisto::staff::v1::{
    IssuePinRequest, IssuePinResponse, ReleasePinRequest, ReleasePinResponse, ResetPinRequest,
    ResetPinResponse, pin_service_server::PinService,
};
use kortisto_register::staff::pins::ReleasePin;
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl PinService for Api {
    async fn issue_pin(
        &self,
        request: Request<IssuePinRequest>,
    ) -> Result<Response<IssuePinResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        let document = fields::coded("identity_document", message.identity_document)?;
        let pin = self
            .register
            .issue_pin(desk.caller, request_id, card_number, document, desk.deadline)
            .await
            .map_err(|error| fault(&error, &desk.trace_id))?;
        Ok(Response::new(IssuePinResponse { pin: pin.expose().to_owned() }))
    }

    async fn reset_pin(
        &self,
        request: Request<ResetPinRequest>,
    ) -> Result<Response<ResetPinResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        let document = fields::coded("identity_document", message.identity_document)?;
        let pin = self
            .register
            .reset_pin(desk.caller, request_id, card_number, document, desk.deadline)
            .await
            .map_err(|error| fault(&error, &desk.trace_id))?;
        Ok(Response::new(ResetPinResponse { pin: pin.expose().to_owned() }))
    }

    async fn release_pin(
        &self,
        request: Request<ReleasePinRequest>,
    ) -> Result<Response<ReleasePinResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let card_number = fields::code("card_number", &message.card_number)?;
        desk.change(ReleasePin { request_id, card_number }).await?;
        Ok(Response::new(ReleasePinResponse {}))
    }
}
