//! `ItemService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1 as wire;
use kortisto_testkit::register::new_id;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let t = &world.t;
    let found = t.item().await;
    let (item_barcode, title_number) = (found.barcode.clone(), t.title_number(&found).await);
    Some(match method {
        "GetItem" => dynamic("GetItemRequest", &wire::GetItemRequest { item_barcode, ..Default::default() }),
        "PutItem" => {
            let item = wire::Item {
                barcode: new_id(),
                title_number,
                home_branch: "main".to_owned(),
                ..Default::default()
            };
            dynamic("PutItemRequest", &wire::PutItemRequest { item: Some(item), ..Default::default() })
        }
        "SetItemState" => {
            let report = wire::ItemReport::InRepair.into();
            let request = wire::SetItemStateRequest { item_barcode, report, ..Default::default() };
            dynamic("SetItemStateRequest", &request)
        }
        "GetTitle" => {
            dynamic("GetTitleRequest", &wire::GetTitleRequest { title_number, ..Default::default() })
        }
        "PutTitle" => {
            let title = wire::Title {
                number: new_id(),
                label: "Virta, Aino: Joki".to_owned(),
                material: "book".to_owned(),
                language: "fi".to_owned(),
                ..Default::default()
            };
            dynamic("PutTitleRequest", &wire::PutTitleRequest { title: Some(title), ..Default::default() })
        }
        _ => return None,
    })
}
