//! `CardService.ReplaceCard`: another card in place of one that is worn, lost or stolen. Loans stay on the patron.

use super::{
    held::state_change,
    issue::{IssuedCard, days, new_card},
};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{
    CardState, FeeKind, IdentityDocument, PatronCategory,
    cards::{self as rules, CardEvent},
    fees, registration,
    step_up::Errand,
};
use kortisto_store::{
    StoreError,
    entities::{cards, patrons},
    queries::changes::{Changes, NewFeeRow},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Replaces a card.
#[derive(Serialize)]
pub struct ReplaceCard {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card to replace.
    pub card_number: String,
    /// The number on the new card.
    pub new_card_number: String,
    /// With what the patron or a guardian proved who they are.
    pub identity_document: IdentityDocument,
}

/// The new card, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplacedCard {
    /// Its days.
    #[serde(flatten)]
    pub card: IssuedCard,
    /// The fee for a card in place of a lost one; none where it costs nothing.
    #[serde(default)]
    pub fee: Option<CardFee>,
}

/// What a card costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardFee {
    /// The fee.
    pub id: Uuid,
    /// How much, in cents.
    pub cents: i64,
}

/// The policy by which a card in place of a lost one is charged.
const RULE: &str = "fee.card_replacement_cents";

impl StaffChange for ReplaceCard {
    const RPC: StaffRpc = StaffRpc::ReplaceCard;
    type Answer = ReplacedCard;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<ReplacedCard, RegisterError> {
        let held = desk.lock_card(&self.card_number).await?;
        let old_state = held.state()?;
        let state = match rules::after(old_state, CardEvent::Replaced) {
            Ok(_) if held.card.replaced_by_id.is_some() => {
                Err("another card has taken the place of this one")
            }
            after => after,
        }
        .map_err(|rule| RegisterError::RuleBroken { rule })?;
        let (field, number) = ("new_card_number", &self.new_card_number);
        let card = new_card(desk, &held.patron, field, number, Some(held.card.id)).await?;
        let fee = match old_state {
            CardState::Lost => charge(desk, &held.patron, &card).await?,
            _ => None,
        };
        let mut old = held.card.into_active_model();
        if state != old_state {
            old.state = Set(state.code());
            old.state_since = Set(desk.moment.at());
        }
        old.replaced_by_id = Set(Some(card.id));
        let old = old.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.end_sessions_of_card(&old).await?;
        let (patron, proof) = desk.identified(held.patron, Errand::NewCard, self.identity_document).await?;
        let mut changes = vec![
            state_change(&self.card_number, Some(old_state), state),
            state_change(&card.number, None, CardState::Active),
            proof,
        ];
        if let Some(fee) = &fee {
            changes.push(FieldChange::new("fee", None, Some(fee.id.to_string())));
            changes.push(FieldChange::new("fee.open_cents", None, Some(fee.cents.to_string())));
        }
        desk.changed_patron(patron, changes).await?;
        Ok(ReplacedCard { card: days(&card), fee })
    }
}

/// Charges what a card costs in place of a lost one, by the policy of the desk; none where it costs nothing.
async fn charge(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    card: &cards::Model,
) -> Result<Option<CardFee>, RegisterError> {
    let (rulebook, today) = (desk.rulebook().await?, desk.moment.today());
    let category = PatronCategory::try_from(patron.category).map_err(StoreError::from)?;
    let policy = rulebook.policies.card_fees(&rulebook.place(desk.device.branch_id), category, today);
    let is_child = registration::is_child(category, patron.birth_date, today);
    let cents = fees::replacement_card(&policy, is_child);
    if cents == 0 {
        return Ok(None);
    }
    let municipality = desk.municipality().await?;
    let charge = desk.pen().charge(patron.id, &municipality, FeeKind::ReplacementCard, cents);
    let fee = NewFeeRow { card_id: Some(card.id), rule: Some(RULE), ..charge };
    let id = fee.id;
    desk.post(Changes { new_fees: vec![fee], ..Changes::default() }).await?;
    Ok(Some(CardFee { id, cents }))
}
