//! `PatronService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::GetPatronRequest;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let patron = world.t.patron().await;
    let number = patron.number;
    Some(match method {
        "GetPatron" => dynamic("GetPatronRequest", &GetPatronRequest { number, ..Default::default() }),
        _ => return None,
    })
}
