//! `StaffAccountService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{
    CreateStaffAccountRequest, DisableStaffAccountRequest, EnableStaffAccountRequest, GrantStaffRoleRequest,
    ListStaffAccountsRequest, ResetStaffPasswordRequest, RevokeStaffRoleRequest, SetOpenIdSubjectRequest,
    StaffRole as Role,
};
use kortisto_domain::StaffRole;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let user_name = world.staff(&[StaffRole::Desk]).await.user_name;
    Some(match method {
        "CreateStaffAccount" => dynamic(
            "CreateStaffAccountRequest",
            &CreateStaffAccountRequest {
                user_name: format!("{user_name}.colleague"),
                display_name: "Aino Testaaja".to_owned(),
                ..Default::default()
            },
        ),
        "ListStaffAccounts" => dynamic("ListStaffAccountsRequest", &ListStaffAccountsRequest::default()),
        "DisableStaffAccount" => dynamic(
            "DisableStaffAccountRequest",
            &DisableStaffAccountRequest { user_name, ..Default::default() },
        ),
        "EnableStaffAccount" => dynamic(
            "EnableStaffAccountRequest",
            &EnableStaffAccountRequest { user_name, ..Default::default() },
        ),
        "ResetStaffPassword" => dynamic(
            "ResetStaffPasswordRequest",
            &ResetStaffPasswordRequest { user_name, ..Default::default() },
        ),
        "SetOpenIdSubject" => dynamic(
            "SetOpenIdSubjectRequest",
            &SetOpenIdSubjectRequest {
                openid_subject: format!("subject-of-{user_name}"),
                user_name,
                ..Default::default()
            },
        ),
        "GrantStaffRole" => dynamic(
            "GrantStaffRoleRequest",
            &GrantStaffRoleRequest { user_name, role: Role::Billing.into(), ..Default::default() },
        ),
        "RevokeStaffRole" => dynamic(
            "RevokeStaffRoleRequest",
            &RevokeStaffRoleRequest { user_name, role: Role::Desk.into(), ..Default::default() },
        ),
        _ => return None,
    })
}
