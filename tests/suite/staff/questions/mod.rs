//! A question for every staff rpc that gets an answer, each about things made for it alone. The request id and the
//! purpose are set by the caller. An rpc without an entry fails every test of `coverage`.

mod accounts;
mod audit;
pub(super) mod bans;
mod cards;
mod explain;
mod fees;
mod holds;
pub(super) mod home_service;
mod items;
mod loans;
mod messages;
mod notices;
mod patrons;
mod places;
mod policies;
pub(super) mod relations;
mod sessions;

use super::world::World;
use prost_reflect::DynamicMessage;

/// A question of the rpc with this name.
pub(super) async fn question(world: &World, name: &str) -> DynamicMessage {
    let (service, method) = name.split_once('.').unwrap();
    let found = match service {
        "StaffSessionService" => sessions::question(method),
        "PolicyService" => policies::question(method),
        "PlaceService" => places::question(world, method).await,
        "StaffAccountService" => accounts::question(world, method).await,
        "AuditService" => audit::question(world, method).await,
        "PatronService" => patrons::question(world, method).await,
        "MessageService" => messages::question(world, method).await,
        "NoticeService" => notices::question(world, method).await,
        "CardService" => cards::card(world, method).await,
        "LoanService" => loans::question(world, method).await,
        "PinService" => cards::pin(world, method).await,
        "IdentityCodeService" => cards::identity_code(world, method).await,
        "BanService" => bans::question(world, method).await,
        "FeeService" => fees::question(world, method).await,
        "RelationService" => relations::question(world, method).await,
        "HomeServiceService" => home_service::question(world, method).await,
        "HoldService" => holds::question(world, method).await,
        "ItemService" => items::question(world, method).await,
        "ExplainService" => explain::question(world, method).await,
        _ => None,
    };
    found.unwrap_or_else(|| panic!("{name} has no question in tests/suite/staff/questions"))
}
