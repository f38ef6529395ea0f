//! `MessageService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{
    AddMessageRequest, ListMessagesRequest, MessageAudience, MessageKind, RemoveMessageRequest,
};
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let patron = world.t.patron().await;
    let number = patron.number.clone();
    Some(match method {
        "AddMessage" => dynamic(
            "AddMessageRequest",
            &AddMessageRequest {
                number,
                audience: MessageAudience::Patron.into(),
                kind: MessageKind::Message.into(),
                body: "Tervetuloa!".to_owned(),
                ..Default::default()
            },
        ),
        "ListMessages" => {
            dynamic("ListMessagesRequest", &ListMessagesRequest { number, ..Default::default() })
        }
        "RemoveMessage" => {
            let message_id = world.t.message(&patron, "Tervetuloa!").await;
            let ask = RemoveMessageRequest { number, message_id, ..Default::default() };
            dynamic("RemoveMessageRequest", &ask)
        }
        _ => return None,
    })
}
