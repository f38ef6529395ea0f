//! `FeeService.WaiveFee`: lets a patron off a fee or a part of it, with grounds.

use super::open_changes;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::FeeEntryKind;
use kortisto_store::queries::changes::{Changes, FeeEntryRow};
use serde::Serialize;
use uuid::Uuid;

/// Lets a patron off.
#[derive(Serialize)]
pub struct WaiveFee {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The fee.
    pub fee_id: Uuid,
    /// How much of it, in cents, more than 0; none for all that is open.
    pub cents: Option<i64>,
    /// Why, 1 to 500 characters.
    pub grounds: String,
}

impl StaffChange for WaiveFee {
    const RPC: StaffRpc = StaffRpc::WaiveFee;
    /// What is open after it, in cents.
    type Answer = i64;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<i64, RegisterError> {
        let held = desk.lock_fee(self.fee_id).await?;
        let open = held.fee.open_cents;
        let cents = self.cents.unwrap_or(open);
        if cents == 0 || cents > open {
            return Err(RegisterError::RuleBroken { rule: "not more is let off than is open of the fee" });
        }
        let entry = FeeEntryRow {
            grounds: Some(self.grounds.clone()),
            ..desk.pen().entry(self.fee_id, FeeEntryKind::Waiver, -cents)
        };
        desk.post(Changes { fee_entries: vec![entry], ..Changes::default() }).await?;
        let left = open - cents;
        let mut fields = open_changes(self.fee_id, open, left).to_vec();
        fields.push(FieldChange::secret("fee.grounds"));
        desk.noted(&held.patron, None, fields);
        Ok(left)
    }
}
