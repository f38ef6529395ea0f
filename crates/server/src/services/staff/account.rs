//! `StaffAccountService`.

use super::fields;
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{
    CreateStaffAccountRequest, CreateStaffAccountResponse, DisableStaffAccountRequest,
    DisableStaffAccountResponse, EnableStaffAccountRequest, EnableStaffAccountResponse,
    GrantStaffRoleRequest, GrantStaffRoleResponse, ListStaffAccountsRequest, ListStaffAccountsResponse,
    ResetStaffPasswordRequest, ResetStaffPasswordResponse, RevokeStaffRoleRequest, RevokeStaffRoleResponse,
    SetOpenIdSubjectRequest, SetOpenIdSubjectResponse, StaffAccount, StaffDuty,
    staff_account_service_server::StaffAccountService,
};
use kortisto_register::staff::accounts::{
    CreateStaffAccount, DisableStaffAccount, EnableStaffAccount, GrantStaffRole, ListStaffAccounts,
    ResetStaffPassword, RevokeStaffRole, SetOpenIdSubject, StaffAccountRecord, StaffRoleRecord,
};
use secrecy::ExposeSecret as _;
use tonic::{Request, Response, Status, async_trait};

/// Longest name of a person, in characters.
const DISPLAY_NAME_CHARS_MAX: usize = 100;

/// Longest ticket, in characters.
const TICKET_CHARS_MAX: usize = 100;

/// Longest subject of an identity provider, in characters (OpenID Connect Core 1.0, section 2).
const SUBJECT_CHARS_MAX: usize = 255;

#[async_trait]
impl StaffAccountService for Api {
    async fn create_staff_account(
        &self,
        request: Request<CreateStaffAccountRequest>,
    ) -> Result<Response<CreateStaffAccountResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = CreateStaffAccount {
            request_id: fields::id("request_id", &message.request_id)?,
            user_name: fields::code("user_name", &message.user_name)?,
            display_name: fields::text("display_name", &message.display_name, DISPLAY_NAME_CHARS_MAX)?,
            openid_subject: subject(&message.openid_subject)?,
        };
        let made = self.register.create_staff_account(desk.caller, ask, desk.deadline).await;
        let password = made.map_err(|error| super::fault(&error, &desk.trace_id))?;
        Ok(Response::new(CreateStaffAccountResponse {
            one_time_password: password.0.expose_secret().to_owned(),
        }))
    }

    async fn list_staff_accounts(
        &self,
        request: Request<ListStaffAccountsRequest>,
    ) -> Result<Response<ListStaffAccountsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let page = fields::page(message.page_size, &message.page_token)?;
        let page = desk.view(ListStaffAccounts { page }).await?;
        Ok(Response::new(ListStaffAccountsResponse {
            accounts: page.rows.into_iter().map(account).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }

    async fn disable_staff_account(
        &self,
        request: Request<DisableStaffAccountRequest>,
    ) -> Result<Response<DisableStaffAccountResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let user_name = fields::code("user_name", &message.user_name)?;
        desk.change(DisableStaffAccount { request_id, user_name }).await?;
        Ok(Response::new(DisableStaffAccountResponse {}))
    }

    async fn enable_staff_account(
        &self,
        request: Request<EnableStaffAccountRequest>,
    ) -> Result<Response<EnableStaffAccountResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let user_name = fields::code("user_name", &message.user_name)?;
        desk.change(EnableStaffAccount { request_id, user_name }).await?;
        Ok(Response::new(EnableStaffAccountResponse {}))
    }

    async fn reset_staff_password(
        &self,
        request: Request<ResetStaffPasswordRequest>,
    ) -> Result<Response<ResetStaffPasswordResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let user_name = fields::code("user_name", &message.user_name)?;
        let ask = ResetStaffPassword { request_id, user_name };
        let reset = self.register.reset_staff_password(desk.caller, ask, desk.deadline).await;
        let password = reset.map_err(|error| super::fault(&error, &desk.trace_id))?;
        Ok(Response::new(ResetStaffPasswordResponse {
            one_time_password: password.0.expose_secret().to_owned(),
        }))
    }

    async fn set_open_id_subject(
        &self,
        request: Request<SetOpenIdSubjectRequest>,
    ) -> Result<Response<SetOpenIdSubjectResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let user_name = fields::code("user_name", &message.user_name)?;
        let openid_subject = subject(&message.openid_subject)?;
        desk.change(SetOpenIdSubject { request_id, user_name, openid_subject }).await?;
        Ok(Response::new(SetOpenIdSubjectResponse {}))
    }

    async fn grant_staff_role(
        &self,
        request: Request<GrantStaffRoleRequest>,
    ) -> Result<Response<GrantStaffRoleResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = GrantStaffRole {
            request_id: fields::id("request_id", &message.request_id)?,
            user_name: fields::code("user_name", &message.user_name)?,
            role: fields::coded("role", message.role)?,
            valid_from: fields::optional_instant("starts_at", message.starts_at)?,
            valid_until: fields::optional_instant("ends_at", message.ends_at)?,
            ticket: fields::optional_text("ticket", &message.ticket, TICKET_CHARS_MAX)?,
        };
        desk.change(ask).await?;
        Ok(Response::new(GrantStaffRoleResponse {}))
    }

    async fn revoke_staff_role(
        &self,
        request: Request<RevokeStaffRoleRequest>,
    ) -> Result<Response<RevokeStaffRoleResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let user_name = fields::code("user_name", &message.user_name)?;
        let role = fields::coded("role", message.role)?;
        desk.change(RevokeStaffRole { request_id, user_name, role }).await?;
        Ok(Response::new(RevokeStaffRoleResponse {}))
    }
}

/// Whom an identity provider names. Compared byte by byte, hence printable ASCII only.
fn subject(text: &str) -> Result<Option<String>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() <= SUBJECT_CHARS_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(text.to_owned()));
    }
    Err(Fault::field(
        "openid_subject",
        format!("empty, or 1 to {SUBJECT_CHARS_MAX} printable ASCII characters"),
    ))
}

fn account(record: StaffAccountRecord) -> StaffAccount {
    let row = record.account;
    StaffAccount {
        user_name: row.user_name,
        display_name: row.display_name,
        state: i32::from(record.state.code()),
        duties: record.roles.into_iter().map(duty).collect(),
        undertaking_given: row.undertaken_at.is_some(),
        password_change_required: row.must_change,
        openid_subject: row.oidc_subject.unwrap_or_default(),
        created_at: Some(reply::timestamp(row.created_at)),
        unlocks_at: row.locked_until.map(reply::timestamp),
    }
}

fn duty(record: StaffRoleRecord) -> StaffDuty {
    StaffDuty {
        role: i32::from(record.role.code()),
        starts_at: Some(reply::timestamp(record.valid_from)),
        ends_at: record.valid_until.map(reply::timestamp),
        ticket: record.ticket.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_short_and_ascii() {
        assert_eq!(subject(""), Ok(None));
        assert!(subject("a1b2|provider:aino").is_ok());
        for bad in ["a b", "äiti", "a\n", &"x".repeat(256)] {
            assert!(subject(bad).is_err(), "{bad:?}");
        }
    }
}
