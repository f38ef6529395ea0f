//! `LoanService.OpenPatronSession`: a patron at a desk, known by the card and by who sits there.

use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use chrono::{DateTime, Utc};
use kortisto_store::{
    StoreError,
    entities::{cards, patron_sessions},
};
use kortisto_vault::token_hash;
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Opens a session for the holder of a card.
#[derive(Serialize)]
pub struct OpenPatronSession {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card.
    pub card_number: String,
}

/// The session. Its token is derived from its id and kept nowhere.
#[derive(Serialize, Deserialize)]
pub struct OpenedAtDesk {
    /// Its key.
    pub id: Uuid,
    /// The desk.
    pub device_id: i64,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

impl StaffChange for OpenPatronSession {
    const RPC: StaffRpc = StaffRpc::OpenPatronSession;
    type Answer = OpenedAtDesk;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<OpenedAtDesk, RegisterError> {
        let card = cards::Entity::find()
            .filter(cards::Column::Number.eq(&self.card_number))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "card" })?;
        let patron = desk.lock_patron_by_id(card.patron_id).await?;
        let (register, at) = (desk.register, desk.moment.at());
        let id = register.surroundings.new_id(at);
        let expires_at = at + register.session_length;
        let token = register.keys.session_token(id.as_bytes(), desk.device.id);
        let hash = token_hash(token.expose_secret())
            .ok_or(RegisterError::Internal("a session token has another form"))?;
        let row = patron_sessions::ActiveModel {
            id: Set(id),
            token_hash: Set(hash.to_vec()),
            patron_id: Set(patron.id),
            card_id: Set(card.id),
            device_id: Set(desk.device.id),
            started_at: Set(at),
            expires_at: Set(expires_at),
            ended_at: Set(None),
            guardian_id: Set(None),
        };
        row.insert(desk.transaction).await.map_err(StoreError::from)?;
        desk.noted(&patron, None, Vec::new());
        Ok(OpenedAtDesk { id, device_id: desk.device.id, expires_at })
    }
}
