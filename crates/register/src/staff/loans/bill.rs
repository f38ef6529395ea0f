//! `LoanService.BillLoan`: an item that does not come back is paid for (A70).

use super::found;
use crate::{
    RegisterError,
    loans::fees::Charging,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{FeeKind, LoanState, policy::ItemClass};
use kortisto_store::{
    Engine, StoreError,
    entities::{fees, open_loans},
    queries::changes::{self, Changes},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
    sea_query::Expr,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Bills a loan.
#[derive(Serialize)]
pub struct BillLoan {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The barcode of the item.
    pub barcode: String,
}

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

impl StaffChange for BillLoan {
    const RPC: StaffRpc = StaffRpc::BillLoan;
    type Answer = Billed;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Billed, RegisterError> {
        let found = found::loan(desk, &self.barcode).await?;
        let (item, loan) = (&found.item, &found.loan);
        if loan.state == LoanState::Billed {
            return Err(RegisterError::RuleBroken { rule: "a loan is billed once" });
        }
        let rulebook = desk.rulebook().await?;
        let (at, today) = (desk.moment.at(), desk.moment.today());
        let charging =
            Charging { rulebook: &rulebook, surroundings: &desk.register.surroundings, moment: &desk.moment };
        let class = ItemClass { material: &item.material, collection: &item.collection };
        let place = rulebook.place(loan.branch_id);
        let policy = rulebook.policies.compensation(&place, loan.borrower.category, class, today);
        let mut new = Changes::default();
        let overdue_cents = charging.charge_late(item, loan, loan.borrower.owed_overdue_cents, &mut new);
        let compensation_cents = item.price_cents.unwrap_or_else(|| policy.default_cents.into());
        let billing_cents = i64::from(policy.bill_cents);
        for (kind, cents, rule) in [
            (FeeKind::Compensation, compensation_cents, "fee.compensation_cents"),
            (FeeKind::Billing, billing_cents, "fee.bill_cents"),
        ] {
            if cents > 0 {
                let mut fee = charging.fee(kind, item, loan, cents);
                fee.rule = Some(rule);
                new.new_fees.push(fee);
            }
        }
        changes::apply(desk.transaction, Engine::of(desk.transaction), new, at, today).await?;
        fees::Entity::update_many()
            .col_expr(fees::Column::BilledAt, Expr::value(at))
            .filter(fees::Column::LoanId.eq(loan.id))
            .filter(fees::Column::OpenCents.gt(0))
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let row = open_loans::ActiveModel {
            item_id: Set(item.id),
            state: Set(LoanState::Billed.code()),
            state_since: Set(Some(at)),
            ..Default::default()
        };
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let word = |state: LoanState| Some(state.word().to_owned());
        let cents = |cents: i64| Some(cents.to_string());
        let fields = vec![
            FieldChange::new("loan_state", word(loan.state), word(LoanState::Billed)),
            FieldChange::new("compensation_cents", None, cents(compensation_cents)),
            FieldChange::new("billing_cents", None, cents(billing_cents)),
            FieldChange::new("overdue_cents", None, cents(overdue_cents)),
        ];
        desk.noted(&found.patron, None, fields);
        Ok(Billed { loan: loan.id, overdue_cents, compensation_cents, billing_cents })
    }
}
