//! `MessageService.RemoveMessage`: a message has been told or is not true any more.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::messages};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Removes a message.
#[derive(Serialize)]
pub struct RemoveMessage {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// The key of the message.
    pub message_id: i64,
}

impl StaffChange for RemoveMessage {
    const RPC: StaffRpc = StaffRpc::RemoveMessage;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let message = messages::Entity::find_by_id(self.message_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .filter(|message| message.patron_id == patron.id && message.removed_at.is_none())
            .ok_or(RegisterError::NotFound { what: "message" })?;
        let change = FieldChange::new("message", Some(message.body.clone()), None);
        let mut row = message.into_active_model();
        row.removed_at = Set(Some(desk.moment.at()));
        row.removed_by = Set(Some(desk.author()));
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.noted(&patron, None, vec![change]);
        Ok(())
    }
}
