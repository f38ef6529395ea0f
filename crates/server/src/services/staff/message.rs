//! `MessageService`.

use super::fields;
use crate::services::{Api, page_token, reply};
use kortisto::staff::v1::{
    AddMessageRequest, AddMessageResponse, ListMessagesRequest, ListMessagesResponse, Message,
    RemoveMessageRequest, RemoveMessageResponse, message_service_server::MessageService,
};
use kortisto_domain::messages::BODY_CHARS_MAX;
use kortisto_register::staff::messages::{AddMessage, ListMessages, MessageDetails, RemoveMessage};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl MessageService for Api {
    async fn add_message(
        &self,
        request: Request<AddMessageRequest>,
    ) -> Result<Response<AddMessageResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = AddMessage {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            audience: fields::coded("audience", message.audience)?,
            kind: fields::coded("kind", message.kind)?,
            body: fields::optional_text("body", &message.body, BODY_CHARS_MAX)?.unwrap_or_default(),
            expires_at: fields::optional_instant("expires_at", message.expires_at)?,
        };
        let message_id = desk.change(ask).await?;
        Ok(Response::new(AddMessageResponse { message_id }))
    }

    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListMessages {
            number: fields::code("number", &message.number)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let found = desk.view(ask).await?;
        Ok(Response::new(ListMessagesResponse {
            messages: found.rows.into_iter().map(shown).collect(),
            next_page_token: page_token::of(found.next),
        }))
    }

    async fn remove_message(
        &self,
        request: Request<RemoveMessageRequest>,
    ) -> Result<Response<RemoveMessageResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RemoveMessage {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            message_id: message.message_id,
        };
        desk.change(ask).await?;
        Ok(Response::new(RemoveMessageResponse {}))
    }
}

fn shown(details: MessageDetails) -> Message {
    let row = details.message;
    Message {
        message_id: row.id,
        audience: row.audience.into(),
        kind: row.kind.into(),
        body: row.body,
        branch: details.branch,
        written_at: Some(reply::timestamp(row.written_at)),
        written_by: row.written_by,
        expires_at: row.expires_at.map(reply::timestamp),
    }
}
