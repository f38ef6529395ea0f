//! The part of `BanService` that is about rights to use unstaffed libraries.

use super::fields;
use crate::services::{Api, page_token, reply};
use kortisto::staff::v1 as wire;
use kortisto_domain::rights::{CONTRACT_CHARS_MAX, RightState};
use kortisto_register::staff::rights::{
    GrantSelfServiceRight, ListSelfServiceRights, RightRecord, WithdrawSelfServiceRight,
};
use tonic::{Request, Response, Status};

/// Longest reason for withdrawing a right, in characters.
const WITHDRAW_REASON_CHARS_MAX: usize = 300;

pub(super) async fn grant(
    api: &Api,
    request: Request<wire::GrantSelfServiceRightRequest>,
) -> Result<Response<wire::GrantSelfServiceRightResponse>, Status> {
    let desk = api.at_desk(&request).await?;
    let message = request.into_inner();
    let grant = GrantSelfServiceRight {
        request_id: fields::id("request_id", &message.request_id)?,
        patron_number: fields::code("patron_number", &message.patron_number)?,
        kind: fields::coded("kind", message.kind)?,
        branch: fields::optional_code("branch", &message.branch)?,
        valid_from: fields::optional_date("valid_from", &message.valid_from)?,
        valid_until: fields::optional_date("valid_until", &message.valid_until)?,
        contract: fields::optional_text("contract", &message.contract, CONTRACT_CHARS_MAX)?,
        consent_id: fields::optional_key("consent_id", message.consent_id)?,
    };
    let right_id = desk.change(grant).await?;
    Ok(Response::new(wire::GrantSelfServiceRightResponse { right_id }))
}

pub(super) async fn withdraw(
    api: &Api,
    request: Request<wire::WithdrawSelfServiceRightRequest>,
) -> Result<Response<wire::WithdrawSelfServiceRightResponse>, Status> {
    let desk = api.at_desk(&request).await?;
    let message = request.into_inner();
    let request_id = fields::id("request_id", &message.request_id)?;
    let right_id = fields::key("right_id", message.right_id)?;
    let reason = fields::prose("reason", &message.reason, WITHDRAW_REASON_CHARS_MAX)?;
    desk.change(WithdrawSelfServiceRight { request_id, right_id, reason }).await?;
    Ok(Response::new(wire::WithdrawSelfServiceRightResponse {}))
}

pub(super) async fn list(
    api: &Api,
    request: Request<wire::ListSelfServiceRightsRequest>,
) -> Result<Response<wire::ListSelfServiceRightsResponse>, Status> {
    let desk = api.at_desk(&request).await?;
    let message = request.into_inner();
    let ask = ListSelfServiceRights {
        patron_number: fields::code("patron_number", &message.patron_number)?,
        purpose: fields::purpose(message.purpose)?,
        page: fields::page(message.page_size, &message.page_token)?,
    };
    let page = desk.view(ask).await?;
    let next_page_token = page_token::of(page.next);
    Ok(Response::new(wire::ListSelfServiceRightsResponse {
        rights: page.rows.into_iter().map(right).collect(),
        next_page_token,
    }))
}

fn right(record: RightRecord) -> wire::SelfServiceRight {
    let state = match record.state {
        RightState::Ahead => wire::RightState::Ahead,
        RightState::InForce => wire::RightState::InForce,
        RightState::Lapsed => wire::RightState::Lapsed,
        RightState::Withdrawn => wire::RightState::Withdrawn,
    };
    wire::SelfServiceRight {
        right_id: record.id,
        kind: record.kind.code().into(),
        branch: record.branch.unwrap_or_default(),
        state: state.into(),
        valid_from: record.valid_from.to_string(),
        valid_until: record.valid_until.map(|day| day.to_string()).unwrap_or_default(),
        contract: record.contract.unwrap_or_default(),
        consent_id: record.consent_id.unwrap_or_default(),
        granted_by: record.granted_by.unwrap_or_default(),
        granted_at: record.granted_at.map(reply::timestamp),
        withdrawn_at: record.withdrawn_at.map(reply::timestamp),
    }
}
