//! `IdentityCodeService`.

use super::fields;
use crate::services::Api;
use kortisto::staff::v1::{
    FindPatronByIdentityCodeRequest, FindPatronByIdentityCodeResponse, RecordIdentityCodeRequest,
    RecordIdentityCodeResponse, RevealIdentityCodeRequest, RevealIdentityCodeResponse,
    identity_code_service_server::IdentityCodeService,
};
use kortisto_register::staff::identity_codes::{
    FindPatronByIdentityCode, RecordIdentityCode, RevealIdentityCode,
};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl IdentityCodeService for Api {
    async fn record_identity_code(
        &self,
        request: Request<RecordIdentityCodeRequest>,
    ) -> Result<Response<RecordIdentityCodeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let patron_number = fields::code("patron_number", &message.patron_number)?;
        let code = fields::identity_code("identity_code", &message.identity_code)?;
        let operation = RecordIdentityCode::new(&self.register, request_id, patron_number, code);
        let recorded = desk.change(operation).await?;
        Ok(Response::new(RecordIdentityCodeResponse { superseded: recorded.superseded }))
    }

    async fn find_patron_by_identity_code(
        &self,
        request: Request<FindPatronByIdentityCodeRequest>,
    ) -> Result<Response<FindPatronByIdentityCodeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let code = fields::identity_code("identity_code", &message.identity_code)?;
        let purpose = fields::purpose(message.purpose)?;
        let found = desk.view(FindPatronByIdentityCode { code, purpose }).await?;
        Ok(Response::new(found.map_or_else(FindPatronByIdentityCodeResponse::default, |found| {
            FindPatronByIdentityCodeResponse { patron_number: found.number, superseded: found.superseded }
        })))
    }

    async fn reveal_identity_code(
        &self,
        request: Request<RevealIdentityCodeRequest>,
    ) -> Result<Response<RevealIdentityCodeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let patron_number = fields::code("patron_number", &message.patron_number)?;
        let purpose = fields::purpose(message.purpose)?;
        let code = desk.view(RevealIdentityCode { patron_number, purpose }).await?;
        let identity_code = code.map(|code| code.expose().to_owned()).unwrap_or_default();
        Ok(Response::new(RevealIdentityCodeResponse { identity_code }))
    }
}
