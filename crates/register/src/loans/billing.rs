//! An item that does not come back is paid for (A70): at a desk, or when it is so late that policy says so.

use super::fees::Charging;
use crate::{RegisterError, fees::ledger, notices::cause};
use kortisto_domain::{FeeKind, LoanState};
use kortisto_store::{
    Engine, StoreError,
    entities::{fees, open_loans},
    queries::{
        changes::{self, Changes},
        item::{Item, OpenLoan},
    },
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What was charged, in cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Billed {
    /// The loan.
    pub loan: Uuid,
    /// For being late.
    pub overdue_cents: i64,
    /// For the item.
    pub compensation_cents: i64,
    /// For billing.
    pub billing_cents: i64,
}

impl Charging<'_> {
    /// Bills a loan that has not been billed, whose patron and item are held. `also` is written with it.
    ///
    /// # Errors
    /// [`RegisterError`] when the database fails.
    pub(crate) async fn bill(
        &self,
        transaction: &DatabaseTransaction,
        item: &Item,
        loan: &OpenLoan,
        mut also: Changes,
    ) -> Result<Billed, RegisterError> {
        let (at, today) = (self.moment.at(), self.moment.today());
        let place = self.rulebook.place(loan.branch_id);
        let policy = self.rulebook.policies.compensation(&place, loan.borrower.category, item.class(), today);
        let overdue_cents = self.charge_late(item, loan, loan.borrower.owed_overdue_cents, &mut also);
        let compensation_cents = item.price_cents.unwrap_or_else(|| policy.default_cents.into());
        let billing_cents = i64::from(policy.bill_cents);
        for (kind, cents, rule) in [
            (FeeKind::Compensation, compensation_cents, "fee.compensation_cents"),
            (FeeKind::Billing, billing_cents, "fee.bill_cents"),
        ] {
            if cents > 0 {
                let mut fee = self.fee(kind, item, loan, cents);
                fee.rule = Some(rule);
                also.new_fees.push(fee);
            }
        }
        let notice = self.surroundings.new_id(at);
        also.notice_lines.push(cause::invoice(notice, loan.patron_id, item.id, loan.id, at));
        changes::apply(transaction, Engine::of(transaction), also, at, today).await?;
        fees::Entity::update_many()
            .col_expr(fees::Column::BilledAt, Expr::value(at))
            .filter(fees::Column::LoanId.eq(loan.id))
            .filter(ledger::owed_on(today))
            .exec(transaction)
            .await
            .map_err(StoreError::from)?;
        let row = open_loans::ActiveModel {
            item_id: Set(item.id),
            state: Set(LoanState::Billed.code()),
            state_since: Set(Some(at)),
            ..Default::default()
        };
        row.update(transaction).await.map_err(StoreError::from)?;
        Ok(Billed { loan: loan.id, overdue_cents, compensation_cents, billing_cents })
    }
}
