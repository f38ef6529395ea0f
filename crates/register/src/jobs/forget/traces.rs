//! What says of a loan, beside its own row, who had which item: its fees, the audit trail, and what was sent about it.

use super::trail;
use crate::RegisterError;
use kortisto_store::{
    StoreError,
    entities::{fees, notice_lines},
};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use uuid::Uuid;

/// Forgets it of these loans.
///
/// # Errors
/// [`RegisterError`] when the database fails.
pub(super) async fn of_loans(transaction: &DatabaseTransaction, loans: &[Uuid]) -> Result<(), RegisterError> {
    fees::Entity::update_many()
        .col_expr(fees::Column::ItemId, Expr::value(None::<i64>))
        .filter(fees::Column::LoanId.is_in(loans.iter().copied()))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    trail::of_loans(transaction, loans).await?;
    // That a notice was sent stays on record; which item it was about does not.
    notice_lines::Entity::delete_many()
        .filter(notice_lines::Column::LoanId.is_in(loans.iter().copied()))
        .exec(transaction)
        .await
        .map_err(StoreError::from)?;
    Ok(())
}
