//! `HomeServiceService.ListHomeServiceHistory`: what a patron has borrowed since consenting to it (A80, A81).

use super::{NOT_SERVED, row_of};
use crate::{
    HistoryPage, RegisterError, consents,
    loans::history::HistoryQuestion,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{ConsentPurpose, ConsentState, Purpose};
use uuid::Uuid;

/// Asks for a history.
pub struct ListHomeServiceHistory {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// How many loans at most, 1 to 100.
    pub page_size: usize,
    /// The last loan of the page before.
    pub after: Option<Uuid>,
}

impl StaffView for ListHomeServiceHistory {
    const RPC: StaffRpc = StaffRpc::ListHomeServiceHistory;
    type Answer = HistoryPage;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<HistoryPage, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        let row = row_of(desk, patron.id).await?.ok_or(NOT_SERVED)?;
        let consent = ConsentPurpose::HomeServiceHistory;
        let standing = consents::standing(desk.transaction, patron.id, consent).await?;
        let granted = row.history_consent == ConsentState::Granted.code();
        let since = standing.first().filter(|_| granted).map(|consent| consent.recorded_at);
        let since = since
            .ok_or(RegisterError::RuleBroken { rule: "a history is shown with the patron's consent only" })?;
        let (page_size, after) = (self.page_size, self.after);
        let question = HistoryQuestion { patron_id: patron.id, consent, since, page_size, after };
        let page = question.page(desk.transaction).await?;
        desk.viewed(&patron);
        Ok(page)
    }
}
