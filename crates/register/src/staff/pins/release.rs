//! `PinService.ReleasePin`: a PIN that too many failures locked may be tried again.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::pins};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Releases a PIN.
#[derive(Serialize)]
pub struct ReleasePin {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the card.
    pub card_number: String,
}

impl StaffChange for ReleasePin {
    const RPC: StaffRpc = StaffRpc::ReleasePin;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let held = desk.lock_card(&self.card_number).await?;
        let pin = pins::Entity::find_by_id(held.card.id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::RuleBroken { rule: "the card has no PIN yet; issue one" })?;
        let failures = FieldChange::new("pin_failures", Some(pin.failures.to_string()), Some("0".to_owned()));
        let mut row = pin.into_active_model();
        row.failures = Set(0);
        row.locked_until = Set(None);
        row.disabled_at = Set(None);
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed_patron(held.patron, vec![failures]).await
    }
}
