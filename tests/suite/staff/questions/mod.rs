//! A question for every staff rpc that gets an answer, each about things made for it alone. The request id and the
//! purpose are set by the caller. An rpc without an entry fails every test of `coverage`.

mod accounts;
mod audit;
mod cards;
mod messages;
mod patrons;
mod places;
mod policies;
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
        "CardService" => cards::card(world, method).await,
        "PinService" => cards::pin(world, method).await,
        "IdentityCodeService" => cards::identity_code(world, method).await,
        _ => None,
    };
    found.unwrap_or_else(|| panic!("{name} has no question in tests/suite/staff/questions"))
}
