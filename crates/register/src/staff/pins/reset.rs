//! `PinService.ResetPin`: another PIN, drawn at random; the old one and everything it opened are gone.

use super::give::{GivenPin, Prepared};
use crate::{
    Register, RegisterError, StaffCaller,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{IdentityDocument, step_up::Errand};
use kortisto_store::{
    StoreError,
    entities::{pins, web_passwords},
};
use kortisto_vault::Pin;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _};
use serde::Serialize;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Gives a card another PIN.
#[derive(Serialize)]
pub struct ResetPin {
    #[serde(skip)]
    request_id: Uuid,
    card_number: String,
    identity_document: IdentityDocument,
    #[serde(skip)]
    prepared: Option<Prepared>,
}

impl Register {
    /// Gives a card another PIN. The answer to a repeated request is the same PIN.
    ///
    /// # Errors
    /// [`RegisterError`].
    pub async fn reset_pin(
        self: &Arc<Self>,
        caller: StaffCaller,
        request_id: Uuid,
        card_number: String,
        identity_document: IdentityDocument,
        deadline: Instant,
    ) -> Result<Pin, RegisterError> {
        let prepared =
            self.prepare_pin(caller.clone(), StaffRpc::ResetPin, request_id, &card_number, deadline).await?;
        let operation = ResetPin { request_id, card_number, identity_document, prepared };
        let given = self.staff_change(caller, operation, deadline).await?;
        Ok(self.given_pin(request_id, given))
    }
}

impl StaffChange for ResetPin {
    const RPC: StaffRpc = StaffRpc::ResetPin;
    type Answer = GivenPin;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<GivenPin, RegisterError> {
        let held = desk.lock_card(&self.card_number).await?;
        // Nothing was hashed for a card that there was not a moment ago.
        let prepared = self.prepared.as_ref().ok_or(RegisterError::ChangedMeanwhile)?;
        let (given, row) = prepared.row(desk, &held).await?;
        let found = pins::Entity::find_by_id(held.card.id).one(desk.transaction);
        if found.await.map_err(StoreError::from)?.is_none() {
            return Err(RegisterError::RuleBroken { rule: "the card has no PIN yet; issue one" });
        }
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        // Whoever knew the old PIN may have chosen it.
        web_passwords::Entity::delete_by_id(held.card.id)
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        desk.end_sessions_of_patron(held.patron.id).await?;
        let (patron, proof) = desk.identified(held.patron, Errand::NewPin, self.identity_document).await?;
        desk.changed_patron(patron, vec![FieldChange::secret("pin"), proof]).await?;
        Ok(given)
    }
}
