//! `StaffSessionService`.

use crate::staff::world::dynamic;
use kortisto::staff::v1::{ChangePasswordRequest, GetSelfRequest, GiveUndertakingRequest, SignOutRequest};
use kortisto_testkit::register::STAFF_PASSWORD;
use prost_reflect::DynamicMessage;

pub(super) fn question(method: &str) -> Option<DynamicMessage> {
    Some(match method {
        "GetSelf" => dynamic("GetSelfRequest", &GetSelfRequest {}),
        "GiveUndertaking" => dynamic(
            "GiveUndertakingRequest",
            &GiveUndertakingRequest { text_version: "2026-1".to_owned(), ..Default::default() },
        ),
        "ChangePassword" => dynamic(
            "ChangePasswordRequest",
            &ChangePasswordRequest {
                old_password: STAFF_PASSWORD.to_owned(),
                new_password: "ahven on toinen kala".to_owned(),
                ..Default::default()
            },
        ),
        "SignOut" => dynamic("SignOutRequest", &SignOutRequest::default()),
        _ => return None,
    })
}
