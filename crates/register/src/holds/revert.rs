//! `HoldService.RevertPickup`: the compartment was not opened, or the item was left in it. The hold stays ready.

use super::{
    HoldAnswer,
    compartment::{self, AtCompartment},
};
use crate::{
    Ask, Register, RegisterError, Rpc,
    audit::About,
    patrons::at_device::{Concluded, PatronChange, PatronDesk},
};
use kortisto_domain::{Decision, Reason, reserve_pickup};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// A hold that this device has reserved.
#[derive(Debug, Clone)]
pub struct RevertPickup {
    /// Who asks.
    pub ask: Ask,
    /// Which hold.
    pub hold: Uuid,
}

impl PatronChange for RevertPickup {
    const RPC: Rpc = Rpc::RevertPickup;
    const ACTION: &'static str = "revert_pickup";
    const OUTLIVES_SESSION: bool = true;
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
        let at = AtCompartment::load(desk, &self.ask, self.hold).await?;
        let mut about = About { request: Some(self.ask.request_id), ..About::default() };
        let refusal = match at.of(desk) {
            None => Some(Reason::HoldUnknown),
            Some((hold, item)) => {
                about.hold = Some(hold.id);
                about.item = item.map(|item| item.id);
                reserve_pickup::conclude(&compartment::reserved(hold), desk.device.id)
            }
        };
        if refusal.is_none() {
            compartment::reserve(desk, self.hold, None).await?;
        }
        let decision = refusal.map_or_else(Decision::granted, Decision::refused);
        let answer = Self::refused(decision.clone(), Some(desk.party.language.clone()));
        Ok(Concluded { decision, answer, about })
    }
}

impl Register {
    /// Ends the reservation of a hold whose item stays in its compartment.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn revert_pickup(
        self: &Arc<Self>,
        ask: RevertPickup,
        deadline: Instant,
    ) -> Result<HoldAnswer, RegisterError> {
        self.patron_change(ask, deadline).await
    }
}
