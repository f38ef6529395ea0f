//! `PlaceService.PutResource`: a door, a PC or a locker.

use super::{begin, branch, differences};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::ResourceKind;
use kortisto_store::{StoreError, entities::resources};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// The resource as it should stand.
#[derive(Serialize)]
pub struct PutResource {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code of the branch.
    pub branch: String,
    /// The code of the resource.
    pub code: String,
    /// What it is.
    pub kind: ResourceKind,
    /// Years under which nobody may use it, 0 to 18.
    pub min_age: Option<u8>,
    /// Whether a card alone is not enough.
    pub asks_pin: bool,
}

impl StaffChange for PutResource {
    const RPC: StaffRpc = StaffRpc::PutResource;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        begin(desk).await?;
        let branch = branch(desk, &self.branch).await?;
        let there = resources::Entity::find()
            .filter(resources::Column::BranchId.eq(branch.id))
            .filter(resources::Column::Code.eq(&self.code))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let kind = |code: i16| ResourceKind::try_from(code).map_or("", ResourceKind::word).to_owned();
        let fields = differences([
            ("kind", there.as_ref().map(|row| kind(row.kind)), Some(self.kind.word().to_owned())),
            (
                "min_age",
                there.as_ref().and_then(|row| row.min_age).map(|age| age.to_string()),
                self.min_age.map(|age| age.to_string()),
            ),
            ("asks_pin", there.as_ref().map(|row| row.asks_pin.to_string()), Some(self.asks_pin.to_string())),
        ]);
        let is_new = there.is_none();
        let mut row = there.map_or_else(Default::default, resources::Model::into_active_model);
        row.branch_id = Set(branch.id);
        row.code = Set(self.code.clone());
        row.kind = Set(self.kind.code());
        row.min_age = Set(self.min_age.map(i16::from));
        row.asks_pin = Set(self.asks_pin);
        if is_new { row.insert(desk.transaction).await } else { row.update(desk.transaction).await }
            .map_err(StoreError::from)?;
        desk.changed(format!("resource {} of {}", self.code, self.branch), fields);
        Ok(is_new)
    }
}
