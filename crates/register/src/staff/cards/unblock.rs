//! `CardService.UnblockCard`: the card may be used again.

use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::cards::CardEvent;
use serde::Serialize;
use uuid::Uuid;

/// Lifts the block of a card.
#[derive(Serialize)]
pub struct UnblockCard {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card.
    pub card_number: String,
    /// Why, for the audit trail.
    pub reason: String,
}

impl StaffChange for UnblockCard {
    const RPC: StaffRpc = StaffRpc::UnblockCard;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        desk.strike(&self.card_number, CardEvent::Unblocked, Some(&self.reason)).await
    }
}
