//! The services of `kortisto.staff.v1`: read the request, ask the register, write the reply.
//!
//! Every rpc goes the same way: which desk asks and with which token ([`Api::at_desk`]), is the request well formed
//! (`fields`), the register's answer. Duty and purpose are the register's to judge, with the facts of the answer.

mod account;
mod audit;
mod ban;
mod card;
mod explain;
mod fee;
mod fields;
mod hold;
mod home_service;
mod identity_code;
mod item;
mod loan;
mod message;
mod notice;
mod patron;
mod pin;
mod place;
mod policy;
mod relation;
mod right;
mod session;

use super::{Api, deadline};
use crate::{limits::TraceId, status::Fault};
use kortisto_domain::DeviceKind;
use kortisto_register::{Caller, RegisterError, StaffCaller, StaffChange, StaffProof, StaffView};
use kortisto_vault::token_hash;
use tokio::time::Instant;
use tonic::{Request, Status};

/// The metadata that carries the token.
const AUTHORIZATION: &str = "authorization";

/// What stands before the token.
const BEARER: &str = "Bearer ";

/// A call whose desk is known, and which carries a token.
struct AtDesk<'a> {
    api: &'a Api,
    caller: StaffCaller,
    deadline: Instant,
    trace_id: String,
}

impl Api {
    /// The desk that asks, and its user's token. Whether both are in force is decided with the facts of the answer.
    async fn at_desk<T>(&self, request: &Request<T>) -> Result<AtDesk<'_>, Status> {
        let trace_id = TraceId::of(request.extensions());
        let desk = self.desk(request).await?;
        let header = request.metadata().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|text| text.strip_prefix(BEARER));
        let proof = token.and_then(|token| self.proof(token)).ok_or(Fault::StaffSessionUnknown)?;
        let caller = StaffCaller { desk, proof };
        Ok(AtDesk { api: self, caller, deadline: deadline(request), trace_id })
    }

    /// What a token says: one of a session, or a good one of the identity provider.
    fn proof(&self, token: &str) -> Option<StaffProof> {
        let now = self.register.surroundings().clock.now();
        match self.openid.as_ref().and_then(|openid| openid.check(token, now)) {
            Some(Ok(bearer)) => {
                Some(StaffProof::OpenId { subject: bearer.subject, expires_at: bearer.expires_at })
            }
            Some(Err(fault)) => {
                tracing::warn!(%fault, "a token of the identity provider was not taken");
                None
            }
            None => token_hash(token).map(StaffProof::Session),
        }
    }

    /// The desk that asks.
    async fn desk<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let desk = self.device(request).await?;
        if desk.kind == DeviceKind::Desk { Ok(desk) } else { Err(Fault::DeskOnly.into()) }
    }
}

impl AtDesk<'_> {
    async fn change<O: StaffChange>(self, operation: O) -> Result<O::Answer, Status> {
        let answer = self.api.register.staff_change(self.caller, operation, self.deadline).await;
        answer.map_err(|error| fault(&error, &self.trace_id))
    }

    async fn view<O: StaffView>(self, operation: O) -> Result<O::Answer, Status> {
        let answer = self.api.register.staff_view(self.caller, operation, self.deadline).await;
        answer.map_err(|error| fault(&error, &self.trace_id))
    }
}

fn fault(error: &RegisterError, trace_id: &str) -> Status {
    Fault::of(error, trace_id).into()
}
