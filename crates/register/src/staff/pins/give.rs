//! What giving a PIN for the first time and giving another one have in common.
//!
//! The PIN is drawn from the key file and the request, so that the answer to a repeated request is made again although
//! nobody keeps it. It is hashed before the transaction opens, because that takes longer than everything in it.

use crate::{
    Register, RegisterError, StaffCaller,
    staff::{StaffDesk, StaffRpc, cards::HeldCard},
};
use kortisto_domain::{CardState, PatronCategory, cards as rules};
use kortisto_store::{StoreError, entities::pins};
use kortisto_vault::{CardBinding, Pin, StoredPin};
use sea_orm::ActiveValue::Set;
use serde::{Deserialize, Serialize};
use std::{pin, sync::Arc};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// What is remembered of a PIN that was given: enough to draw it again.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct GivenPin {
    card_id: i64,
    digits: u8,
}

/// A PIN that has been drawn and hashed for a card.
pub(super) struct Prepared {
    given: GivenPin,
    stored: StoredPin,
}

impl Register {
    /// Draws and hashes the PIN that this request gives the card, for somebody who may ask for it; none for a card
    /// that there is not.
    pub(super) async fn prepare_pin(
        self: &Arc<Self>,
        caller: StaffCaller,
        rpc: StaffRpc,
        request_id: Uuid,
        card_number: &str,
        deadline: Instant,
    ) -> Result<Option<Prepared>, RegisterError> {
        let number = card_number.to_owned();
        let found = self
            .staff_glance(caller, rpc, request_id, deadline, move |desk| pin_to_give(desk, number.clone()))
            .await?;
        let Some(given) = found else { return Ok(None) };
        let hashing = self.vault.hash(self.given_pin(request_id, given), CardBinding(given.card_id));
        let stored = timeout_at(deadline, hashing).await.map_err(|_| RegisterError::DeadlinePassed)??;
        Ok(Some(Prepared { given, stored }))
    }

    /// The PIN that was given.
    pub(super) fn given_pin(&self, request_id: Uuid, given: GivenPin) -> Pin {
        self.keys.issued_pin(request_id.as_bytes(), given.card_id, usize::from(given.digits))
    }
}

/// Which card gets a PIN, and how long the PIN is.
fn pin_to_give<'d>(
    desk: &'d StaffDesk<'_>,
    number: String,
) -> pin::Pin<Box<dyn Future<Output = Result<Option<GivenPin>, RegisterError>> + Send + 'd>> {
    Box::pin(async move {
        let digits = digits(desk).await?;
        Ok(desk.card(&number).await?.map(|card| GivenPin { card_id: card.id, digits }))
    })
}

/// The shortest PIN that the policies allow: what the libraries' devices have long taken.
async fn digits(desk: &StaffDesk<'_>) -> Result<u8, RegisterError> {
    Ok(desk.rulebook().await?.policies.pins(desk.moment.today()).length_min)
}

impl Prepared {
    /// The PIN row of the card, if the card may have a PIN.
    pub(super) async fn row(
        &self,
        desk: &StaffDesk<'_>,
        held: &HeldCard,
    ) -> Result<(GivenPin, pins::ActiveModel), RegisterError> {
        if held.state()? != CardState::Active {
            return Err(RegisterError::RuleBroken { rule: "only a card in use gets a PIN" });
        }
        let category = PatronCategory::try_from(held.patron.category).map_err(StoreError::from)?;
        if !rules::has_pins(category) {
            return Err(RegisterError::RuleBroken { rule: "the cards of another library have no PINs" });
        }
        if self.given.card_id != held.card.id || self.given.digits != digits(desk).await? {
            return Err(RegisterError::ChangedMeanwhile);
        }
        let row = pins::ActiveModel {
            card_id: Set(held.card.id),
            scheme: Set(self.stored.scheme),
            key_id: Set(self.stored.key_id),
            hash: Set(self.stored.hash.clone()),
            set_at: Set(desk.moment.at()),
            failures: Set(0),
            locked_until: Set(None),
            disabled_at: Set(None),
            last_wrong: Set(None),
        };
        Ok((self.given, row))
    }
}
