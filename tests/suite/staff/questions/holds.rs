//! `HoldService` of staff.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1 as wire;
use kortisto_testkit::register::BRANCH_MAIN;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let t = &world.t;
    let (patron, item) = (t.patron().await, t.item().await);
    let title_number = t.title_number(&item).await;
    let hold_id = async || t.hold(&patron, item.title, BRANCH_MAIN).await.id.to_string();
    Some(match method {
        "ListQueue" => {
            hold_id().await;
            let of = Some(wire::list_queue_request::Of::TitleNumber(title_number));
            dynamic("ListQueueRequest", &wire::ListQueueRequest { of, ..Default::default() })
        }
        "ListPatronHolds" => {
            hold_id().await;
            let request = wire::ListPatronHoldsRequest { patron_number: patron.number, ..Default::default() };
            dynamic("ListPatronHoldsRequest", &request)
        }
        "ListShelf" => {
            let (branch, part) = ("main".to_owned(), wire::ShelfPart::Ready.into());
            dynamic("ListShelfRequest", &wire::ListShelfRequest { branch, part, ..Default::default() })
        }
        "ListPullItems" => {
            let branch = "main".to_owned();
            dynamic("ListPullItemsRequest", &wire::ListPullItemsRequest { branch, ..Default::default() })
        }
        "PlaceHoldForPatron" => {
            let request = wire::PlaceHoldForPatronRequest {
                patron_number: patron.number,
                of: Some(wire::place_hold_for_patron_request::Of::TitleNumber(title_number)),
                pickup_branch: "main".to_owned(),
                ..Default::default()
            };
            dynamic("PlaceHoldForPatronRequest", &request)
        }
        "ChangeHoldForPatron" => {
            let (hold_id, pickup_branch) = (hold_id().await, "east".to_owned());
            let request = wire::ChangeHoldForPatronRequest { hold_id, pickup_branch, ..Default::default() };
            dynamic("ChangeHoldForPatronRequest", &request)
        }
        "CancelHoldForPatron" => {
            let hold_id = hold_id().await;
            let request = wire::CancelHoldForPatronRequest { hold_id, ..Default::default() };
            dynamic("CancelHoldForPatronRequest", &request)
        }
        "ExplainHold" => {
            let hold_id = hold_id().await;
            dynamic("ExplainHoldRequest", &wire::ExplainHoldRequest { hold_id, ..Default::default() })
        }
        _ => return None,
    })
}
