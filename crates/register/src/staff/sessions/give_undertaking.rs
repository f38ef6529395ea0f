//! `StaffSessionService.GiveUndertaking`: the confidentiality undertaking, permanent (A117).

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::staff_accounts};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Gives the undertaking.
#[derive(Serialize)]
pub struct GiveUndertaking {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The version of the text, 1 to 100 characters.
    pub text_version: String,
}

impl StaffChange for GiveUndertaking {
    const RPC: StaffRpc = StaffRpc::GiveUndertaking;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let account = staff_accounts::Entity::find_by_id(desk.account.id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::StaffSessionUnknown)?;
        let old = account.undertaking.clone();
        let mut row = account.into_active_model();
        row.undertaking = Set(Some(self.text_version.clone()));
        row.undertaken_at = Set(Some(desk.moment.at()));
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        let change = FieldChange::new("undertaking", old, Some(self.text_version.clone()));
        desk.changed(format!("staff account {}", desk.account.id), vec![change]);
        Ok(())
    }
}
