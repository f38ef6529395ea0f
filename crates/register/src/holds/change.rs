//! `HoldService.ChangeHold`: another place of pickup, another last day, frozen or not.

use super::{HoldAnswer, wish::HoldEdit};
use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::Decision;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A hold of the patron of a session, and what changes about it.
#[derive(Debug, Clone)]
pub struct ChangeHold {
    ask: Ask,
    hold: Uuid,
    edit: HoldEdit,
    body: Vec<u8>,
}

impl ChangeHold {
    /// For the patron of the session.
    #[must_use]
    pub fn new(ask: Ask, hold: Uuid, edit: HoldEdit) -> Self {
        let body = serde_json::to_vec(&edit).expect("an edit is plain text");
        Self { ask, hold, edit, body }
    }
}

impl PatronChange for ChangeHold {
    const RPC: Rpc = Rpc::ChangeHold;
    const ACTION: &'static str = "change_hold";
    type Answer = HoldAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![self.hold.as_bytes(), &self.body]
    }

    fn refused(decision: Decision, language: Option<String>) -> HoldAnswer {
        HoldAnswer { decision, language, hold: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<HoldAnswer>, RegisterError> {
        let standing = desk.standing();
        let (decision, changed) = if standing.is_granted() {
            desk.holder().change(self.hold, &self.edit).await?
        } else {
            (standing, None)
        };
        let about = About {
            hold: changed.as_ref().map(|changed| changed.after.id),
            request: Some(self.ask.request_id),
            ..About::default()
        };
        let language = Some(desk.party.language.clone());
        let hold = changed.map(|changed| changed.details);
        Ok(Concluded { decision: decision.clone(), answer: HoldAnswer { decision, language, hold }, about })
    }
}

impl Register {
    /// Changes a pending hold of the patron of a session.
    ///
    /// # Errors
    /// [`RegisterError`]; [`FieldInvalid`](RegisterError::FieldInvalid) for a day that has passed. A refusal is in the
    /// answer.
    pub async fn change_hold(
        self: &Arc<Self>,
        change: ChangeHold,
        deadline: Instant,
    ) -> Result<HoldAnswer, RegisterError> {
        self.patron_change(change, deadline).await
    }
}
