//! `CardService.ReturnCard`: the card is handed back, for good.

use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::cards::CardEvent;
use serde::Serialize;
use uuid::Uuid;

/// Takes a card back.
#[derive(Serialize)]
pub struct ReturnCard {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card.
    pub card_number: String,
}

impl StaffChange for ReturnCard {
    const RPC: StaffRpc = StaffRpc::ReturnCard;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        desk.strike(&self.card_number, CardEvent::Returned, None).await
    }
}
