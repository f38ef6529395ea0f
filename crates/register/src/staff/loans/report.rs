//! `LoanService.ReportLoan`: a loan is lost, or said to have been returned, or neither any more.

use super::found;
use crate::{
    RegisterError,
    audit::About,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{ItemState, LoanState};
use kortisto_store::{
    StoreError,
    entities::{items, open_loans},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};
use serde::Serialize;
use uuid::Uuid;

/// Reports a loan.
#[derive(Serialize)]
pub struct ReportLoan {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The barcode of the item.
    pub barcode: String,
    /// How it stands from now on; anything but billed.
    pub state: LoanState,
}

impl StaffChange for ReportLoan {
    const RPC: StaffRpc = StaffRpc::ReportLoan;
    type Answer = Uuid;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Uuid, RegisterError> {
        let found = found::loan(desk, &self.barcode).await?;
        let (item, loan) = (&found.item, &found.loan);
        if loan.state == LoanState::Billed || self.state == LoanState::Billed {
            return Err(RegisterError::RuleBroken { rule: "a billed loan ends with its return" });
        }
        let at = desk.moment.at();
        let row = open_loans::ActiveModel {
            item_id: Set(item.id),
            state: Set(self.state.code()),
            state_since: Set(Some(at)),
            ..Default::default()
        };
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let item_state = match (self.state, item.state) {
            (LoanState::Lost, _) => ItemState::Lost,
            // Lost until now, and not any more.
            (_, ItemState::Lost) => ItemState::Available,
            (_, state) => state,
        };
        if item_state != item.state {
            let row = items::ActiveModel {
                id: Set(item.id),
                state: Set(item_state.code()),
                state_since: Set(Some(at)),
                ..Default::default()
            };
            row.update(desk.transaction).await.map_err(StoreError::from)?;
        }
        let word = |state: LoanState| Some(state.word().to_owned());
        let change = FieldChange::new("loan_state", word(loan.state), word(self.state));
        let about = About { item: Some(item.id), loan: Some(loan.id), ..About::default() };
        desk.noted_of(&found.patron, about, vec![change]);
        Ok(loan.id)
    }
}
