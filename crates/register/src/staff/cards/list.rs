//! `CardService.ListCards`: the cards of a patron, the newest first.

use crate::{
    RegisterError,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::{CardState, Purpose};
use kortisto_store::{
    StoreError,
    entities::{cards, pins},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use std::collections::{HashMap, HashSet};

/// Asks for the cards of a patron.
pub struct ListCards {
    /// The number of the patron.
    pub patron_number: String,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Which page.
    pub page: Page,
}

/// One card.
pub struct CardDetails {
    /// The row.
    pub card: cards::Model,
    /// Its state.
    pub state: CardState,
    /// The code of the branch that issued it.
    pub issuing_branch: String,
    /// The number of the card that took its place.
    pub replaced_by: Option<String>,
    /// Whether it has a PIN.
    pub has_pin: bool,
}

impl StaffView for ListCards {
    const RPC: StaffRpc = StaffRpc::ListCards;
    type Answer = Paged<CardDetails>;

    fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Self::Answer, RegisterError> {
        let patron = desk.patron(&self.patron_number).await?;
        desk.viewed(&patron);
        let mut query = cards::Entity::find().filter(cards::Column::PatronId.eq(patron.id));
        if let Some(after) = self.page.after {
            query = query.filter(cards::Column::Id.lt(after));
        }
        let rows = query
            .order_by_desc(cards::Column::Id)
            .limit(self.page.limit())
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let page = self.page.cut(rows, |card| card.id);
        let with_pin = with_pin(desk, &page.rows).await?;
        let numbers = numbers(desk, &page.rows).await?;
        let rulebook = desk.rulebook().await?;
        let details = |card: cards::Model| {
            Ok(CardDetails {
                state: CardState::try_from(card.state).map_err(StoreError::from)?,
                issuing_branch: rulebook.branch_code(card.issuing_branch_id).to_owned(),
                replaced_by: card.replaced_by_id.and_then(|id| numbers.get(&id).cloned()),
                has_pin: with_pin.contains(&card.id),
                card,
            })
        };
        page.try_map(details)
    }
}

async fn with_pin(desk: &StaffDesk<'_>, page: &[cards::Model]) -> Result<HashSet<i64>, RegisterError> {
    let rows = pins::Entity::find()
        .filter(pins::Column::CardId.is_in(page.iter().map(|card| card.id)))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(rows.into_iter().map(|pin| pin.card_id).collect())
}

/// The numbers of the cards that took the place of those on the page.
async fn numbers(desk: &StaffDesk<'_>, page: &[cards::Model]) -> Result<HashMap<i64, String>, RegisterError> {
    let rows = cards::Entity::find()
        .filter(cards::Column::Id.is_in(page.iter().filter_map(|card| card.replaced_by_id)))
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(rows.into_iter().map(|card| (card.id, card.number)).collect())
}
