//! `MessageService.ListMessages`: what stands about a patron, newest first.

use super::add::not_ended;
use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::messages};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for the messages about a patron.
pub struct ListMessages {
    /// The number of the patron.
    pub number: String,
    /// Messages at most, 1 to 100.
    pub page_size: usize,
    /// The key of the last message of the page before.
    pub after: Option<i64>,
    /// Why.
    pub purpose: Option<Purpose>,
}

/// A page of messages.
pub struct Messages {
    /// Newest first; those that have ended or were removed are not among them.
    pub messages: Vec<MessageDetails>,
    /// After which key the next page begins; none on the last.
    pub next: Option<i64>,
}

/// A message. Free text about a person: it has no `Debug`.
pub struct MessageDetails {
    /// The row.
    pub message: messages::Model,
    /// Code of the branch where it was written.
    pub branch: String,
}

impl StaffView for ListMessages {
    const RPC: StaffRpc = StaffRpc::ListMessages;
    type Answer = Messages;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Messages, RegisterError> {
        let patron = desk.patron(&self.number).await?;
        let rows = u64::try_from(self.page_size + 1).unwrap_or(u64::MAX);
        let mut query = messages::Entity::find()
            .filter(messages::Column::PatronId.eq(patron.id))
            .filter(messages::Column::RemovedAt.is_null())
            .filter(not_ended(desk.moment.at()))
            .order_by_desc(messages::Column::Id)
            .limit(rows);
        if let Some(key) = self.after {
            query = query.filter(messages::Column::Id.lt(key));
        }
        let mut found = query.all(desk.transaction).await.map_err(StoreError::from)?;
        let more = found.len() > self.page_size;
        found.truncate(self.page_size);
        let next = found.last().filter(|_| more).map(|message| message.id);
        let rulebook = desk.rulebook().await?;
        desk.viewed(&patron);
        let detailed = found.into_iter().map(|message| MessageDetails {
            branch: message.branch_id.map(|id| rulebook.branch_code(id).to_owned()).unwrap_or_default(),
            message,
        });
        Ok(Messages { messages: detailed.collect(), next })
    }
}
