//! `StaffSessionService`.

use super::fields;
use crate::services::{Api, reply};
use kortisto::staff::v1::{
    GetSelfRequest, GetSelfResponse, GiveUndertakingRequest, GiveUndertakingResponse, SignOutRequest,
    SignOutResponse, staff_session_service_server::StaffSessionService,
};
use kortisto_register::staff::sessions::{GetSelf, GiveUndertaking, SignOut};
use tonic::{Request, Response, Status, async_trait};

/// Longest version of a text, in characters.
const TEXT_VERSION_CHARS_MAX: usize = 100;

#[async_trait]
impl StaffSessionService for Api {
    async fn get_self(&self, request: Request<GetSelfRequest>) -> Result<Response<GetSelfResponse>, Status> {
        let myself = self.at_desk(&request).await?.view(GetSelf).await?;
        Ok(Response::new(GetSelfResponse {
            user_name: myself.user_name,
            roles: myself.roles.iter().map(|role| i32::from(role.code())).collect(),
            allowed_rpcs: myself.rpcs.into_iter().map(str::to_owned).collect(),
            undertaking_given: myself.undertaken,
            password_change_required: myself.must_change,
            branch: myself.branch,
            session_expires_at: Some(reply::timestamp(myself.session_expires_at)),
        }))
    }

    async fn give_undertaking(
        &self,
        request: Request<GiveUndertakingRequest>,
    ) -> Result<Response<GiveUndertakingResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let text_version = fields::text("text_version", &message.text_version, TEXT_VERSION_CHARS_MAX)?;
        desk.change(GiveUndertaking { request_id, text_version }).await?;
        Ok(Response::new(GiveUndertakingResponse {}))
    }

    async fn sign_out(&self, request: Request<SignOutRequest>) -> Result<Response<SignOutResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let request_id = fields::id("request_id", &request.get_ref().request_id)?;
        desk.change(SignOut { request_id }).await?;
        Ok(Response::new(SignOutResponse {}))
    }
}
