//! `AuditService`.

use super::fields;
use crate::services::{Api, page_token, reply};
use kortisto::staff::v1::{
    AuditEvent, ChangedField, ListAuditEventsRequest, ListAuditEventsResponse,
    audit_service_server::AuditService,
};
use kortisto_register::staff::audit::{self, ListAuditEvents};
use tonic::{Request, Response, Status, async_trait};

#[async_trait]
impl AuditService for Api {
    async fn list_audit_events(
        &self,
        request: Request<ListAuditEventsRequest>,
    ) -> Result<Response<ListAuditEventsResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListAuditEvents {
            patron_number: fields::optional_code("patron_number", &message.patron_number)?,
            user_name: fields::optional_code("user_name", &message.user_name)?,
            from: fields::optional_instant("from_time", message.from_time)?,
            until: fields::optional_instant("until_time", message.until_time)?,
            action: fields::optional_code("action", &message.action)?,
            page: fields::page(message.page_size, &message.page_token)?,
            purpose: fields::purpose(message.purpose)?,
        };
        let page = desk.view(ask).await?;
        Ok(Response::new(ListAuditEventsResponse {
            events: page.rows.into_iter().map(event).collect(),
            next_page_token: page_token::of(page.next),
        }))
    }
}

fn event(event: audit::AuditEvent) -> AuditEvent {
    let row = event.row;
    AuditEvent {
        event_id: row.id.to_string(),
        recorded_at: Some(reply::timestamp(row.at)),
        action: row.action,
        granted: row.granted,
        // Written by this program as a list of names.
        reasons: serde_json::from_str(&row.reasons).unwrap_or_default(),
        actor: row.actor,
        user_name: event.user_name.unwrap_or_default(),
        device: event.device.unwrap_or_default(),
        branch: event.branch,
        purpose: row.purpose.map(i32::from).unwrap_or_default(),
        patron_number: event.patron_number.unwrap_or_default(),
        detail: row.detail.unwrap_or_default(),
        changes: event.changes.into_iter().map(changed).collect(),
    }
}

fn changed(change: audit::ChangedField) -> ChangedField {
    ChangedField { field: change.field, old_value: change.old, new_value: change.new }
}
