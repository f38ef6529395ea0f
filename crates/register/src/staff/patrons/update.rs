//! `PatronService.UpdatePatron`: some details of a patron change.

use super::{details::PatronDetails, etag::Etag, proof};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::step_up::Errand;
use kortisto_store::StoreError;
use sea_orm::{ActiveModelTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// The names under which somebody borrows; which of them is in use is told without a document.
const NAMES: [&str; 2] = ["family_name", "given_names"];

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
        if fields.iter().any(|change| NAMES.contains(&change.field)) {
            proof::require(Errand::NameChange, self.details.identity_document)?;
        }
        let row = patron.into_active_model().reset_all();
        let patron = row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.record_change(patron, None, fields).await.map(Etag::at)
    }
}
