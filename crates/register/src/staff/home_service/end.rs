//! `HomeServiceService.EndHomeService`: the service holds nothing of a patron any more.

use super::{NOT_SERVED, row_of, withdraw};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::ConsentPurpose;
use kortisto_store::{StoreError, entities::home_service};
use sea_orm::EntityTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Ends the service of a patron.
#[derive(Serialize)]
pub struct EndHomeService {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
}

impl StaffChange for EndHomeService {
    const RPC: StaffRpc = StaffRpc::EndHomeService;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        let row = row_of(desk, patron.id).await?.ok_or(NOT_SERVED)?;
        for about in [ConsentPurpose::HomeServiceHistory, ConsentPurpose::HomeServiceProfile] {
            withdraw(desk, patron.id, about).await?;
        }
        home_service::Entity::delete_by_id(row.patron_id)
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        // What was held is gone with the row; that it was held is told.
        let ended = ["home_service.street", "home_service.first_on", "home_service.preferences"];
        desk.changed_patron(patron, ended.map(FieldChange::secret).to_vec()).await
    }
}
