//! `CardService.ListCardPatterns`: the forms that card numbers have.

use crate::{
    RegisterError,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;
use kortisto_store::{StoreError, entities::card_patterns};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};

/// Asks for the forms.
pub struct ListCardPatterns {
    /// How many at most, 1 to 100.
    pub page_size: u64,
    /// The last form of the page before.
    pub after: Option<i64>,
}

/// A page of forms.
pub struct CardPatternPage {
    /// The forms, in the order in which they were added.
    pub patterns: Vec<card_patterns::Model>,
    /// The last of them; none on the last page.
    pub next: Option<i64>,
}

impl StaffView for ListCardPatterns {
    const RPC: StaffRpc = StaffRpc::ListCardPatterns;
    type Answer = CardPatternPage;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<CardPatternPage, RegisterError> {
        let mut query = card_patterns::Entity::find();
        if let Some(after) = self.after {
            query = query.filter(card_patterns::Column::Id.gt(after));
        }
        let mut patterns = query
            .order_by_asc(card_patterns::Column::Id)
            .limit(self.page_size + 1)
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let more = patterns.len() as u64 > self.page_size;
        patterns.truncate(usize::try_from(self.page_size).unwrap_or(usize::MAX));
        let next = patterns.last().filter(|_| more).map(|row| row.id);
        Ok(CardPatternPage { patterns, next })
    }
}
