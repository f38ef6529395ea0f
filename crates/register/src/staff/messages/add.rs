//! `MessageService.AddMessage`: something to be told to a patron or remembered about one.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{
    MessageAudience, MessageKind,
    messages::{self as rules, MessageFault},
};
use kortisto_store::{StoreError, entities::messages};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Adds a message. Free text about a person: it has no `Debug`.
#[derive(Serialize)]
pub struct AddMessage {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// Who reads it.
    pub audience: MessageAudience,
    /// What it is.
    pub kind: MessageKind,
    /// Its words, at most [`rules::BODY_CHARS_MAX`] characters; empty where the kind says it all.
    pub body: String,
    /// When it ends by itself; none for when the policy says.
    pub expires_at: Option<DateTime<Utc>>,
}

impl StaffChange for AddMessage {
    const RPC: StaffRpc = StaffRpc::AddMessage;
    /// The key of the message.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let at = desk.moment.at();
        let has_body = !self.body.is_empty();
        rules::check(self.kind, self.audience, has_body, self.expires_at, at).map_err(refusal)?;
        let patron = desk.lock_patron(&self.number).await?;
        let standing = messages::Entity::find()
            .filter(messages::Column::PatronId.eq(patron.id))
            .filter(messages::Column::RemovedAt.is_null())
            .filter(not_ended(at))
            .count(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        if standing >= rules::STANDING_MAX {
            let rule = "100 messages stand about this patron; remove some first";
            return Err(RegisterError::RuleBroken { rule });
        }
        let rulebook = desk.rulebook().await?;
        let place = rulebook.place(desk.device.branch_id);
        let policy = rulebook.policies.messages(&place, desk.moment.today());
        let message = messages::ActiveModel {
            patron_id: Set(patron.id),
            audience: Set(self.audience.code()),
            kind: Set(self.kind.code()),
            body: Set(self.body.clone()),
            branch_id: Set(Some(desk.device.branch_id)),
            written_at: Set(at),
            written_by: Set(desk.author()),
            expires_at: Set(rules::ends_at(self.expires_at, &policy, at)),
            removed_at: Set(None),
            removed_by: Set(None),
            ..Default::default()
        };
        let message = message.insert(desk.transaction).await.map_err(StoreError::from)?;
        let fields = vec![
            FieldChange::new("message_kind", None, Some(self.kind.word().to_owned())),
            FieldChange::new("message_audience", None, Some(self.audience.word().to_owned())),
            FieldChange::new("message", None, Some(self.body.clone())),
        ];
        desk.noted(&patron, None, fields);
        Ok(message.id)
    }
}

/// Only messages that have not ended by themselves.
pub(super) fn not_ended(at: DateTime<Utc>) -> Condition {
    Condition::any().add(messages::Column::ExpiresAt.is_null()).add(messages::Column::ExpiresAt.gt(at))
}

fn refusal(fault: MessageFault) -> RegisterError {
    let (field, rule) = match fault {
        MessageFault::Kind => ("kind", "a kind that staff write; EMAIL_CHANGED is written by the register"),
        MessageFault::Audience => ("audience", "STAFF for a remark"),
        MessageFault::BodyMissing => {
            ("body", "1 to 500 characters; only CHECK_CONTACT and FOUND_PROPERTY need none")
        }
        MessageFault::Expiry => ("expires_at", "later than now, at most 5 years ahead"),
    };
    RegisterError::FieldInvalid { field, rule: rule.to_owned() }
}
