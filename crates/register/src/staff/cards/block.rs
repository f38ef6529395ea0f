//! `CardService.BlockCard`: no device takes the card until the block is lifted.

use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::cards::CardEvent;
use serde::Serialize;
use uuid::Uuid;

/// Blocks a card.
#[derive(Serialize)]
pub struct BlockCard {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card.
    pub card_number: String,
    /// Why, for the audit trail.
    pub reason: String,
}

impl StaffChange for BlockCard {
    const RPC: StaffRpc = StaffRpc::BlockCard;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        desk.strike(&self.card_number, CardEvent::Blocked, Some(&self.reason)).await
    }
}
