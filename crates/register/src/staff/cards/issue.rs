//! `CardService.IssueCard`: a card for a patron whose identity has been proved.

use super::{
    held::{state_change, taken},
    patterns,
};
use crate::{
    RegisterError,
    staff::{
        StaffChange, StaffDesk, StaffRpc,
        relations::{guardian_consents, is_answered_for},
    },
};
use chrono::NaiveDate;
use kortisto_domain::{
    CardState, ConsentPurpose, IdentityDocument, PatronCategory, PatronState, card_number,
    cards::{self as rules, Applicant},
    step_up::Errand,
};
use kortisto_store::{
    StoreError,
    entities::{cards, identity_codes, patrons},
    queries::bulk::patrons::names_among,
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _,
};
use serde::{Deserialize, Serialize};
use std::iter;
use uuid::Uuid;

/// Issues a card.
#[derive(Serialize)]
pub struct IssueCard {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// The number on the card.
    pub card_number: String,
    /// With what the patron or a guardian proved who they are.
    pub identity_document: IdentityDocument,
}

/// The days of a new card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCard {
    /// The first day.
    pub valid_from: NaiveDate,
    /// The last day; none for a card without end.
    pub valid_until: Option<NaiveDate>,
}

impl StaffChange for IssueCard {
    const RPC: StaffRpc = StaffRpc::IssueCard;
    type Answer = IssuedCard;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<IssuedCard, RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        let card = new_card(desk, &patron, "card_number", &self.card_number, None).await?;
        let (patron, proof) = desk.identified(patron, Errand::NewCard, self.identity_document).await?;
        let change = state_change(&card.number, None, CardState::Active);
        desk.changed_patron(patron, vec![change, proof]).await?;
        Ok(days(&card))
    }
}

/// The days of a card.
pub(super) const fn days(card: &cards::Model) -> IssuedCard {
    IssuedCard { valid_from: card.valid_from, valid_until: card.valid_until }
}

/// Writes a card that is in force from today, if the rules give the patron one; `instead_of` is the card whose place
/// it takes. `field` carries its number.
pub(super) async fn new_card(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    field: &'static str,
    number: &str,
    instead_of: Option<i64>,
) -> Result<cards::Model, RegisterError> {
    if !card_number::is_ours(&patterns::all(desk).await?, number) {
        let rule = "a number of a form that the consortium's cards have".to_owned();
        return Err(RegisterError::FieldInvalid { field, rule });
    }
    if desk.card(number).await?.is_some() {
        return Err(RegisterError::AlreadyExists { field });
    }
    // What stands on the hold shelf, or is told on the phone, must open nothing.
    if !names_among(desk.transaction, iter::once(number)).await?.is_empty() {
        return Err(RegisterError::AlreadyExists { field });
    }
    if !is_answered_for(desk, patron, None).await? {
        let rule = "an institution needs a responsible person in force before a card";
        return Err(RegisterError::RuleBroken { rule });
    }
    let today = desk.moment.today();
    let applicant = applicant(desk, patron, instead_of).await?;
    let rulebook = desk.rulebook().await?;
    let place = rulebook.place(desk.device.branch_id);
    let policy = rulebook.policies.cards(&place, applicant.category, today);
    let valid_until = rules::issue(&applicant, &policy, today)
        .map_err(|refusal| RegisterError::RuleBroken { rule: refusal.rule() })?;
    let row = cards::ActiveModel {
        number: Set(number.to_owned()),
        patron_id: Set(patron.id),
        state: Set(CardState::Active.code()),
        state_since: Set(desk.moment.at()),
        valid_from: Set(today),
        valid_until: Set(valid_until),
        issuing_branch_id: Set(desk.device.branch_id),
        issued_on: Set(Some(today)),
        ..Default::default()
    };
    row.insert(desk.transaction).await.map_err(taken(field))
}

async fn applicant(
    desk: &StaffDesk<'_>,
    patron: &patrons::Model,
    instead_of: Option<i64>,
) -> Result<Applicant, RegisterError> {
    let today = desk.moment.today();
    let usable = [CardState::Active, CardState::Blocked].map(CardState::code);
    let mut in_force = cards::Entity::find()
        .filter(cards::Column::PatronId.eq(patron.id))
        .filter(cards::Column::State.is_in(usable))
        .filter(
            Condition::any()
                .add(cards::Column::ValidUntil.is_null())
                .add(cards::Column::ValidUntil.gte(today)),
        );
    if let Some(old) = instead_of {
        in_force = in_force.filter(cards::Column::Id.ne(old));
    }
    let cards_in_force = in_force.count(desk.transaction).await.map_err(StoreError::from)?;
    let codes = identity_codes::Entity::find()
        .filter(identity_codes::Column::PatronId.eq(patron.id))
        .filter(identity_codes::Column::SupersededAt.is_null())
        .count(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(Applicant {
        state: PatronState::try_from(patron.state).map_err(StoreError::from)?,
        category: PatronCategory::try_from(patron.category).map_err(StoreError::from)?,
        birth_date: patron.birth_date,
        has_identity_code: codes > 0,
        guardian_consents: guardian_consents(desk, patron, ConsentPurpose::Card).await?,
        cards_in_force: u32::try_from(cards_in_force).unwrap_or(u32::MAX),
    })
}
