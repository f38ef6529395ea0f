//! `ExplainService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{ExplainDecisionRequest, Question, explain_decision_request::Who};
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let patron = world.t.patron().await;
    Some(match method {
        "ExplainDecision" => {
            let request = ExplainDecisionRequest {
                who: Some(Who::PatronNumber(patron.number)),
                branch: "main".to_owned(),
                question: Question::Lend.into(),
                item_barcode: world.t.item().await.barcode,
                ..Default::default()
            };
            dynamic("ExplainDecisionRequest", &request)
        }
        _ => return None,
    })
}
