//! `PlaceService.PutStop`: a stop of a bookmobile (A76).

use super::{begin, bookmobile, check_municipality, differences};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::stops};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// The stop as it should stand.
#[derive(Serialize)]
pub struct PutStop {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The code of the bookmobile.
    pub branch: String,
    /// The code of the stop.
    pub code: String,
    /// The name.
    pub name: String,
    /// The municipality in which it lies.
    pub municipality: String,
}

impl StaffChange for PutStop {
    const RPC: StaffRpc = StaffRpc::PutStop;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        begin(desk).await?;
        let branch = bookmobile(desk, &self.branch).await?;
        check_municipality(desk, "stop.municipality", &self.municipality).await?;
        let there = stops::Entity::find()
            .filter(stops::Column::BranchId.eq(branch.id))
            .filter(stops::Column::Code.eq(&self.code))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let old = |get: fn(&stops::Model) -> &String| there.as_ref().map(|row| get(row).clone());
        let fields = differences([
            ("name", old(|row| &row.name), Some(self.name.clone())),
            ("municipality", old(|row| &row.municipality), Some(self.municipality.clone())),
        ]);
        let is_new = there.is_none();
        let mut row = there.map_or_else(Default::default, stops::Model::into_active_model);
        row.branch_id = Set(branch.id);
        row.code = Set(self.code.clone());
        row.name = Set(self.name.clone());
        row.municipality = Set(self.municipality.clone());
        if is_new { row.insert(desk.transaction).await } else { row.update(desk.transaction).await }
            .map_err(StoreError::from)?;
        desk.changed(format!("stop {} of {}", self.code, self.branch), fields);
        Ok(is_new)
    }
}
