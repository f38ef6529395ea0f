//! `CardService.ReplaceCard`: another card in place of one that is worn, lost or stolen. Loans stay on the patron.

use super::{
    held::state_change,
    issue::{IssuedCard, days, new_card},
};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{
    CardState, IdentityDocument,
    cards::{self as rules, CardEvent},
    step_up::Errand,
};
use kortisto_store::StoreError;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Replaces a card.
#[derive(Serialize)]
pub struct ReplaceCard {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card to replace.
    pub card_number: String,
    /// The number on the new card.
    pub new_card_number: String,
    /// With what the patron or a guardian proved who they are.
    pub identity_document: IdentityDocument,
}

impl StaffChange for ReplaceCard {
    const RPC: StaffRpc = StaffRpc::ReplaceCard;
    type Answer = IssuedCard;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<IssuedCard, RegisterError> {
        let held = desk.lock_card(&self.card_number).await?;
        let old_state = held.state()?;
        let state = match rules::after(old_state, CardEvent::Replaced) {
            Ok(_) if held.card.replaced_by_id.is_some() => {
                Err("another card has taken the place of this one")
            }
            after => after,
        }
        .map_err(|rule| RegisterError::RuleBroken { rule })?;
        let (field, number) = ("new_card_number", &self.new_card_number);
        let card = new_card(desk, &held.patron, field, number, Some(held.card.id)).await?;
        let old_id = held.card.id;
        let mut old = held.card.into_active_model();
        if state != old_state {
            old.state = Set(state.code());
            old.state_since = Set(desk.moment.at());
        }
        old.replaced_by_id = Set(Some(card.id));
        old.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.end_sessions_of_card(old_id).await?;
        let (patron, proof) = desk.identified(held.patron, Errand::NewCard, self.identity_document).await?;
        let changes = vec![
            state_change(&self.card_number, Some(old_state), state),
            state_change(&card.number, None, CardState::Active),
            proof,
        ];
        desk.changed_patron(patron, changes).await?;
        Ok(days(&card))
    }
}
