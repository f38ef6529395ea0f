//! The forms of card numbers as the rules know them.

use crate::{RegisterError, staff::StaffDesk};
use kortisto_domain::{CheckDigit, card_number::CardPattern};
use kortisto_store::{StoreError, entities::card_patterns};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

/// Every form of the consortium.
pub(super) async fn all(desk: &StaffDesk<'_>) -> Result<Vec<CardPattern>, RegisterError> {
    let rows = card_patterns::Entity::find()
        .order_by_asc(card_patterns::Column::Id)
        .all(desk.transaction)
        .await
        .map_err(StoreError::from)?;
    let pattern = |row: card_patterns::Model| {
        let check = CheckDigit::try_from(row.check_digit).map_err(StoreError::from)?;
        CardPattern::new(&row.pattern, check)
            .map_err(|_| RegisterError::Internal("a form of card numbers cannot be read"))
    };
    rows.into_iter().map(pattern).collect()
}

/// The form with this pattern.
pub(super) async fn one(
    desk: &StaffDesk<'_>,
    pattern: &str,
) -> Result<Option<card_patterns::Model>, RegisterError> {
    let found = card_patterns::Entity::find().filter(card_patterns::Column::Pattern.eq(pattern));
    Ok(found.one(desk.transaction).await.map_err(StoreError::from)?)
}

/// A form in the audit trail.
pub(super) fn text(row: &card_patterns::Model) -> String {
    let check = CheckDigit::try_from(row.check_digit).map_or("", CheckDigit::word);
    format!("{} {check} {}", row.pattern, row.description)
}
