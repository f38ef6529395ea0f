//! `HoldService.PlaceHold`: the patron of a session wants to hold something.

use super::{HoldAnswer, holder::Holder, wish::HoldWish};
use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::Decision;
use std::sync::Arc;
use tokio::time::Instant;

/// A hold to be.
#[derive(Debug, Clone)]
pub struct PlaceHold {
    ask: Ask,
    wish: HoldWish,
    body: Vec<u8>,
}

impl PlaceHold {
    /// For the patron of the session.
    #[must_use]
    pub fn new(ask: Ask, wish: HoldWish) -> Self {
        let body = serde_json::to_vec(&wish).expect("a wish is plain text");
        Self { ask, wish, body }
    }
}

impl PatronDesk<'_> {
    /// The patron, to place, change or cancel a hold of theirs.
    pub(crate) fn holder(&self) -> Holder<'_> {
        Holder {
            register: self.register,
            transaction: self.transaction,
            moment: self.moment,
            rulebook: &self.rulebook,
            party: &self.party,
            branch: self.device.branch_id,
            device: self.device.id,
            author: format!("device:{}", self.device.id),
        }
    }
}

impl PatronChange for PlaceHold {
    const RPC: Rpc = Rpc::PlaceHold;
    const ACTION: &'static str = "place_hold";
    type Answer = HoldAnswer;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![&self.body]
    }

    fn refused(decision: Decision, language: Option<String>) -> HoldAnswer {
        HoldAnswer { decision, language, hold: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<HoldAnswer>, RegisterError> {
        let mut changes = std::mem::take(&mut desk.changes);
        let (decision, hold) = desk.holder().place(&self.wish, &mut changes).await?;
        desk.changes = changes;
        let about = About {
            hold: hold.as_ref().map(|hold| hold.id),
            request: Some(self.ask.request_id),
            ..About::default()
        };
        let language = Some(desk.party.language.clone());
        Ok(Concluded { decision: decision.clone(), answer: HoldAnswer { decision, language, hold }, about })
    }
}

impl Register {
    /// Places a hold for the patron of a session.
    ///
    /// # Errors
    /// [`RegisterError`]; [`FieldInvalid`](RegisterError::FieldInvalid) for a day that has passed. A refusal is in the
    /// answer.
    pub async fn place_hold(
        self: &Arc<Self>,
        place: PlaceHold,
        deadline: Instant,
    ) -> Result<HoldAnswer, RegisterError> {
        self.patron_change(place, deadline).await
    }
}
