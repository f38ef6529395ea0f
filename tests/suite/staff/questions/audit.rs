//! `AuditService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::ListAuditEventsRequest;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let patron_number = world.t.patron().await.number;
    Some(match method {
        "ListAuditEvents" => {
            dynamic("ListAuditEventsRequest", &ListAuditEventsRequest { patron_number, ..Default::default() })
        }
        _ => return None,
    })
}
