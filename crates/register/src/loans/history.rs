//! The history of loans that is kept beyond the trace of an item, by consent (A78, A80).

use crate::RegisterError;
use kortisto_domain::ConsentPurpose;
use kortisto_store::{StoreError, entities::kept_history};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, sea_query::Expr};

/// Erases the history that was kept by this consent; what is kept by another one stays.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(crate) async fn erase(
    transaction: &DatabaseTransaction,
    patron_id: i64,
    consent: ConsentPurpose,
) -> Result<(), RegisterError> {
    use kept_history::Column::{ForHomeService, ForPatron, PatronId};
    let flag = match consent {
        ConsentPurpose::LoanHistory => ForPatron,
        ConsentPurpose::HomeServiceHistory => ForHomeService,
        _ => return Ok(()),
    };
    kept_history::Entity::update_many()
        .col_expr(flag, Expr::value(false))
        .filter(PatronId.eq(patron_id))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    kept_history::Entity::delete_many()
        .filter(PatronId.eq(patron_id))
        .filter(ForPatron.eq(false))
        .filter(ForHomeService.eq(false))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}
