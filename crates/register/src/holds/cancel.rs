//! `HoldService.CancelHold`: the patron of a session gives a hold up.

use super::HoldAnswer;
use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::Decision;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A hold of the patron of a session.
#[derive(Debug, Clone)]
pub struct CancelHold {
    /// Who asks.
    pub ask: Ask,
    /// Which hold.
    pub hold: Uuid,
}

impl PatronChange for CancelHold {
    const RPC: Rpc = Rpc::CancelHold;
    const ACTION: &'static str = "cancel_hold";
    type Answer = HoldAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![self.hold.as_bytes()]
    }

    fn refused(decision: Decision, language: Option<String>) -> HoldAnswer {
        HoldAnswer { decision, language, hold: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<HoldAnswer>, RegisterError> {
        let standing = desk.standing();
        let mut changes = std::mem::take(&mut desk.changes);
        let (decision, cancelled) = if standing.is_granted() {
            desk.holder().cancel(self.hold, &mut changes).await?
        } else {
            (standing, None)
        };
        desk.changes = changes;
        let about = About {
            hold: cancelled.map(|_| self.hold),
            item: cancelled.and_then(|cancelled| cancelled.item),
            request: Some(self.ask.request_id),
            ..About::default()
        };
        let language = Some(desk.party.language.clone());
        let answer = HoldAnswer { decision: decision.clone(), language, hold: None };
        Ok(Concluded { decision, answer, about })
    }
}

impl Register {
    /// Cancels a hold of the patron of a session.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn cancel_hold(
        self: &Arc<Self>,
        cancel: CancelHold,
        deadline: Instant,
    ) -> Result<HoldAnswer, RegisterError> {
        self.patron_change(cancel, deadline).await
    }
}
