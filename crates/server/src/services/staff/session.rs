//! `StaffSessionService`.

use super::fields;
use crate::{
    limits::TraceId,
    services::{Api, deadline, reply},
};
use kortisto::staff::v1::{
    ChangePasswordRequest, ChangePasswordResponse, GetSelfRequest, GetSelfResponse, GiveUndertakingRequest,
    GiveUndertakingResponse, SignInRequest, SignInResponse, SignOutRequest, SignOutResponse,
    staff_session_service_server::StaffSessionService,
};
use kortisto_register::staff::sessions::{ChangePassword, GetSelf, GiveUndertaking, SignIn, SignOut};
use secrecy::ExposeSecret as _;
use tonic::{Request, Response, Status, async_trait};

/// Longest version of a text, in characters.
const TEXT_VERSION_CHARS_MAX: usize = 100;

#[async_trait]
impl StaffSessionService for Api {
    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        let desk = self.desk(&request).await?;
        let (deadline, trace_id) = (deadline(&request), TraceId::of(request.extensions()));
        let message = request.into_inner();
        let ask = SignIn {
            desk,
            attempt_id: fields::id("attempt_id", &message.attempt_id)?,
            user_name: fields::code("user_name", &message.user_name)?,
            password: fields::password("password", &message.password)?,
        };
        let signed_in = self.register.sign_in(ask, deadline).await;
        let session = signed_in.map_err(|error| super::fault(&error, &trace_id))?;
        Ok(Response::new(SignInResponse {
            session_token: session.token.expose_secret().to_owned(),
            session_expires_at: Some(reply::timestamp(session.expires_at)),
        }))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ChangePassword {
            request_id: fields::id("request_id", &message.request_id)?,
            old: fields::password("old_password", &message.old_password)?,
            new: fields::password("new_password", &message.new_password)?,
        };
        let changed = self.register.change_password(desk.caller, ask, desk.deadline).await;
        changed.map_err(|error| super::fault(&error, &desk.trace_id))?;
        Ok(Response::new(ChangePasswordResponse {}))
    }

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
