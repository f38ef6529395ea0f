//! `PatronService.RemoveAddress`: a patron has no address of this kind any more.

use super::{
    etag::Etag,
    set_address::{field, find, shown},
};
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::AddressKind;
use kortisto_store::StoreError;
use sea_orm::ModelTrait as _;
use serde::Serialize;
use uuid::Uuid;

/// Removes an address.
#[derive(Serialize)]
pub struct RemoveAddress {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// Which one.
    pub kind: AddressKind,
}

impl StaffChange for RemoveAddress {
    const RPC: StaffRpc = StaffRpc::RemoveAddress;
    type Answer = Etag;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<Etag, RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let there = find(desk, patron.id, self.kind).await?;
        let there = there.ok_or(RegisterError::NotFound { what: "address" })?;
        let change = FieldChange::new(field(self.kind), Some(shown(&there)), None);
        there.delete(desk.transaction).await.map_err(StoreError::from)?;
        desk.record_change(patron, None, vec![change]).await.map(Etag::at)
    }
}
