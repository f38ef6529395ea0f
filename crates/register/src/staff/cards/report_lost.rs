//! `CardService.ReportCardLost`: the second at which the patron's liability for the card ends.

use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use chrono::{DateTime, Utc};
use kortisto_domain::cards::CardEvent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Reports a card lost.
#[derive(Serialize)]
pub struct ReportCardLost {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card.
    pub card_number: String,
}

/// The card is lost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct LostCard {
    /// From this instant the patron answers for nothing that is done with the card.
    pub lost_at: DateTime<Utc>,
}

impl StaffChange for ReportCardLost {
    const RPC: StaffRpc = StaffRpc::ReportCardLost;
    type Answer = LostCard;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<LostCard, RegisterError> {
        desk.strike(&self.card_number, CardEvent::Lost, None).await?;
        Ok(LostCard { lost_at: desk.moment.at() })
    }
}
