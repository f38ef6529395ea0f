//! `FeeService.ChargeFee`: a fee that nothing but the desk knows of.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::FeeKind;
use kortisto_store::queries::changes::{Changes, NewFeeRow};
use serde::Serialize;
use uuid::Uuid;

/// What a desk charges by itself. Every other kind comes about by what a patron does, under its policy.
pub const DESK_KINDS: [FeeKind; 3] = [FeeKind::ReplacementCard, FeeKind::Compensation, FeeKind::Other];

/// Charges a fee, owed to the municipality of the desk.
#[derive(Serialize)]
pub struct ChargeFee {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// What it is for, one of [`DESK_KINDS`].
    pub kind: FeeKind,
    /// How much, in cents, 1 to 1000000.
    pub cents: i64,
    /// What it is for, in words, 1 to 500 characters.
    pub note: String,
    /// The barcode of the item that it is for; none for no item.
    pub item_barcode: Option<String>,
}

impl StaffChange for ChargeFee {
    const RPC: StaffRpc = StaffRpc::ChargeFee;
    /// The key of the fee.
    type Answer = Uuid;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Uuid, RegisterError> {
        if !DESK_KINDS.contains(&self.kind) {
            let rule = "REPLACEMENT_CARD, COMPENSATION or OTHER".to_owned();
            return Err(RegisterError::FieldInvalid { field: "kind", rule });
        }
        let municipality = desk.municipality().await?;
        let patron = desk.lock_patron(&self.patron_number).await?;
        let item_id = match &self.item_barcode {
            Some(barcode) => Some(desk.item(barcode).await?.id),
            None => None,
        };
        let charge = desk.pen().charge(patron.id, &municipality, self.kind, self.cents);
        let fee = NewFeeRow { item_id, note: Some(self.note.clone()), ..charge };
        let id = fee.id;
        desk.post(Changes { new_fees: vec![fee], ..Changes::default() }).await?;
        let new = |field, value: String| FieldChange::new(field, None, Some(value));
        let fields = vec![
            new("fee", id.to_string()),
            new("fee.kind", self.kind.word().to_owned()),
            new("fee.open_cents", self.cents.to_string()),
            FieldChange::secret("fee.note"),
        ];
        desk.noted(&patron, None, fields);
        Ok(id)
    }
}
