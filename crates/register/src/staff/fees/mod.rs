//! Fees and payments at a desk (A68 to A70): charged, let off, paid, paid back, and the ledger of all of it.

mod charge;
mod list;
mod list_payments;
mod pay;
mod refund;
mod waive;

pub use charge::{ChargeFee, DESK_KINDS};
pub use list::{FeePage, FeeRecord, ListPatronFees};
pub use list_payments::{ListPayments, PaymentRecord};
pub use pay::{DeskPayment, PaymentMeans, RecordDeskPayment};
pub use refund::{RefundPayment, Refunded};
pub use waive::WaiveFee;

use super::{FieldChange, StaffDesk};
use crate::{
    RegisterError,
    fees::ledger::{self, Pen},
};
use kortisto_store::{
    StoreError,
    entities::{fees, patrons},
    queries::changes::Changes,
};
use sea_orm::{EntityTrait as _, QuerySelect as _};
use uuid::Uuid;

/// A fee and its patron, both held against every other change of the fee until this commits.
struct HeldFee {
    fee: fees::Model,
    patron: patrons::Model,
}

impl StaffDesk<'_> {
    /// Writes entries as this staff member, now.
    pub(in crate::staff) fn pen(&self) -> Pen<'_> {
        Pen { surroundings: &self.register.surroundings, at: self.moment.at(), by: self.author() }
    }

    /// Writes what the pen has put down.
    pub(in crate::staff) async fn post(&self, changes: Changes) -> Result<(), RegisterError> {
        Ok(ledger::post(self.transaction, &self.moment, changes).await?)
    }

    /// The municipality of the desk, to which is owed what it charges.
    pub(in crate::staff) async fn municipality(&self) -> Result<String, RegisterError> {
        let rulebook = self.rulebook().await?;
        let branch = rulebook.branch(self.device.branch_id);
        let of_branch = branch.map(|branch| branch.municipality.clone());
        of_branch.ok_or(RegisterError::Internal("a desk stands at no branch"))
    }

    async fn lock_fee(&self, id: Uuid) -> Result<HeldFee, RegisterError> {
        let unknown = || RegisterError::NotFound { what: "fee" };
        let found = fees::Entity::find_by_id(id).one(self.transaction).await.map_err(StoreError::from)?;
        let patron = self.lock_patron_by_id(found.ok_or_else(unknown)?.patron_id).await?;
        // As it stands once its patron is held.
        let fee = fees::Entity::find_by_id(id).lock_exclusive().one(self.transaction).await;
        Ok(HeldFee { fee: fee.map_err(StoreError::from)?.ok_or_else(unknown)?, patron })
    }
}

/// What of a fee changes, for the trail.
fn open_changes(fee: Uuid, old_cents: i64, new_cents: i64) -> [FieldChange; 2] {
    let id = fee.to_string();
    [
        FieldChange::new("fee", Some(id.clone()), Some(id)),
        FieldChange::new("fee.open_cents", Some(old_cents.to_string()), Some(new_cents.to_string())),
    ]
}
