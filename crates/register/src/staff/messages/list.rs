//! `MessageService.ListMessages`: what stands about a patron, newest first, without what has ended or was
//! removed.

use super::add::not_ended;
use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::messages};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for the messages about a patron.
pub struct ListMessages {
    /// The number of the patron.
    pub number: String,
    /// Which page.
    pub page: Page,
    /// Why.
    pub purpose: Option<Purpose>,
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
    type Answer = Paged<MessageDetails>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<MessageDetails>, RegisterError> {
        let patron = desk.patron(&self.number).await?;
        let mut query = messages::Entity::find()
            .filter(messages::Column::PatronId.eq(patron.id))
            .filter(messages::Column::RemovedAt.is_null())
            .filter(not_ended(desk.moment.at()))
            .order_by_desc(messages::Column::Id)
            .limit(self.page.limit());
        if let Some(key) = self.page.after {
            query = query.filter(messages::Column::Id.lt(key));
        }
        let found = query.all(desk.transaction).await.map_err(StoreError::from)?;
        let rulebook = desk.rulebook().await?;
        desk.viewed(&patron);
        let detailed = |message: messages::Model| MessageDetails {
            branch: message.branch_id.map(|id| rulebook.branch_code(id).to_owned()).unwrap_or_default(),
            message,
        };
        Ok(self.page.cut(found, |message| message.id).map(detailed))
    }
}
