//! `PatronService.UpdatePatron`: some details of a patron change.

use super::{details::PatronDetails, etag::Etag};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::StoreError;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Changes details of a patron.
#[derive(Serialize)]
pub struct UpdatePatron {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// The version that was read.
    pub etag: Etag,
    /// What changes.
    pub details: PatronDetails,
}

impl StaffChange for UpdatePatron {
    const RPC: StaffRpc = StaffRpc::UpdatePatron;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let mut patron = desk.lock_patron(&self.number).await?;
        if Etag::of(&patron) != self.etag {
            return Err(RegisterError::ChangedMeanwhile);
        }
        let fields = self.details.put_into(desk, &mut patron).await?;
        if fields.is_empty() {
            desk.viewed(&patron);
            return Ok(self.etag);
        }
        let row = patron.into_active_model().reset_all();
        let patron = row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.record_change(patron, None, fields).await.map(Etag::at)
    }
}
