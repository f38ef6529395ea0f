//! `PlaceService.RemoveResource`: a door, a PC or a locker goes.

use super::{begin, branch};
use crate::{
    RegisterError, in_use,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::ResourceKind;
use kortisto_store::{StoreError, entities::resources};
use sea_orm::{ColumnTrait as _, EntityTrait as _, ModelTrait as _, QueryFilter as _};
use serde::Serialize;
use uuid::Uuid;

/// Names the resource that goes.
#[derive(Serialize)]
pub struct RemoveResource {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code of the branch.
    pub branch: String,
    /// The code of the resource.
    pub code: String,
}

impl StaffChange for RemoveResource {
    const RPC: StaffRpc = StaffRpc::RemoveResource;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        begin(desk).await?;
        let branch = branch(desk, &self.branch).await?;
        let there = resources::Entity::find()
            .filter(resources::Column::BranchId.eq(branch.id))
            .filter(resources::Column::Code.eq(&self.code))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "resource" })?;
        if !in_use::named_by_holds(desk.transaction, [there.id]).await?.is_empty() {
            return Err(RegisterError::RuleBroken { rule: in_use::LOCKER });
        }
        let kind = ResourceKind::try_from(there.kind).map_or("", ResourceKind::word);
        match there.delete(desk.transaction).await.map_err(StoreError::from) {
            // A hold that was being placed meanwhile.
            Err(StoreError::ForeignKey { .. }) => Err(RegisterError::RuleBroken { rule: in_use::LOCKER }),
            deleted => deleted.map_err(RegisterError::from),
        }?;
        let gone = FieldChange::new("kind", Some(kind.to_owned()), None);
        desk.changed(format!("resource {} of {}", self.code, self.branch), vec![gone]);
        Ok(())
    }
}
