//! `BanService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1 as wire;
use kortisto_domain::BanKind;
use kortisto_store::entities::{bans, self_service_rights};
use kortisto_testkit::{TestRegister, register::TestPatron};
use prost_reflect::DynamicMessage;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let t = &world.t;
    let patron = t.patron().await;
    let patron_number = patron.number.clone();
    Some(match method {
        "PlaceBan" => {
            let terms = Some(lending_ban());
            dynamic("PlaceBanRequest", &wire::PlaceBanRequest { patron_number, terms, ..Default::default() })
        }
        "PlaceBans" => {
            let patron_numbers = vec![patron_number, t.patron().await.number];
            let terms = Some(lending_ban());
            let request = wire::PlaceBansRequest { patron_numbers, terms, ..Default::default() };
            dynamic("PlaceBansRequest", &request)
        }
        "LiftBan" => {
            let (ban_id, reason) = (banned(t, &patron).await, "Paid.".to_owned());
            dynamic("LiftBanRequest", &wire::LiftBanRequest { ban_id, reason, ..Default::default() })
        }
        "ListBans" => {
            banned(t, &patron).await;
            dynamic("ListBansRequest", &wire::ListBansRequest { patron_number, ..Default::default() })
        }
        "GetBan" => {
            let ban_id = banned(t, &patron).await;
            dynamic("GetBanRequest", &wire::GetBanRequest { ban_id, ..Default::default() })
        }
        "GrantSelfServiceRight" => {
            let kind = wire::RightKind::WrittenContract.into();
            let contract = "2026/17".to_owned();
            let request =
                wire::GrantSelfServiceRightRequest { patron_number, kind, contract, ..Default::default() };
            dynamic("GrantSelfServiceRightRequest", &request)
        }
        "WithdrawSelfServiceRight" => {
            let right_id = right_of(t, &patron).await;
            let reason = "Let others in.".to_owned();
            let request = wire::WithdrawSelfServiceRightRequest { right_id, reason, ..Default::default() };
            dynamic("WithdrawSelfServiceRightRequest", &request)
        }
        "ListSelfServiceRights" => {
            let request = wire::ListSelfServiceRightsRequest { patron_number, ..Default::default() };
            dynamic("ListSelfServiceRightsRequest", &request)
        }
        _ => return None,
    })
}

/// A lending ban that needs nothing but grounds.
pub(in crate::staff) fn lending_ban() -> wire::BanTerms {
    wire::BanTerms {
        kind: wire::BanKind::Lending.into(),
        grounds: "Has not returned anything.".to_owned(),
        ..Default::default()
    }
}

/// Bans a patron from borrowing, and gives the key of the ban.
async fn banned(t: &TestRegister, patron: &TestPatron) -> i64 {
    t.ban(patron, BanKind::Lending).await;
    let ban = bans::Entity::find().filter(bans::Column::PatronId.eq(patron.id)).one(t.store.writer()).await;
    ban.unwrap().unwrap().id
}

/// The right that every patron of a test has.
pub(in crate::staff) async fn right_of(t: &TestRegister, patron: &TestPatron) -> i64 {
    let of_patron = self_service_rights::Column::PatronId.eq(patron.id);
    let right = self_service_rights::Entity::find().filter(of_patron).one(t.store.writer()).await;
    right.unwrap().unwrap().id
}
