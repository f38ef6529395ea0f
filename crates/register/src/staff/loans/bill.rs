//! `LoanService.BillLoan`: an item that does not come back is paid for (A70).

use super::found;
use crate::{
    RegisterError,
    audit::About,
    loans::{Billed, fees::Charging},
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::LoanState;
use kortisto_store::queries::changes::Changes;
use serde::Serialize;
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
        let charging =
            Charging { rulebook: &rulebook, surroundings: &desk.register.surroundings, moment: &desk.moment };
        let billed = charging.bill(desk.transaction, item, loan, Changes::default()).await?;
        let word = |state: LoanState| Some(state.word().to_owned());
        let cents = |cents: i64| Some(cents.to_string());
        let fields = vec![
            FieldChange::new("loan_state", word(loan.state), word(LoanState::Billed)),
            FieldChange::new("compensation_cents", None, cents(billed.compensation_cents)),
            FieldChange::new("billing_cents", None, cents(billed.billing_cents)),
            FieldChange::new("overdue_cents", None, cents(billed.overdue_cents)),
        ];
        let about = About { item: Some(item.id), loan: Some(loan.id), ..About::default() };
        desk.noted_of(&found.patron, about, fields);
        Ok(billed)
    }
}
