//! `PlaceService.PutController`: a municipality as controller, with officer, contact and data protection officer (A3).

use super::{begin, check_municipality, differences};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::controllers};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
use serde::Serialize;
use uuid::Uuid;

/// The controller as it should stand.
#[derive(Serialize)]
pub struct PutController {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The municipality code, three digits.
    pub municipality: String,
    /// Its name.
    pub name: String,
    /// Its business id.
    pub business_id: Option<String>,
    /// The responsible officer.
    pub officer: String,
    /// Whom to ask.
    pub contact: String,
    /// The data protection officer.
    pub data_protection_officer: String,
}

impl StaffChange for PutController {
    const RPC: StaffRpc = StaffRpc::PutController;
    /// Whether it is new.
    type Answer = bool;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<bool, RegisterError> {
        begin(desk).await?;
        check_municipality(desk, "controller.municipality", &self.municipality).await?;
        let there = controllers::Entity::find_by_id(self.municipality.clone())
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let row = controllers::ActiveModel {
            municipality: Set(self.municipality.clone()),
            name: Set(self.name.clone()),
            business_id: Set(self.business_id.clone()),
            officer: Set(self.officer.clone()),
            contact: Set(self.contact.clone()),
            data_protection_officer: Set(self.data_protection_officer.clone()),
        };
        match &there {
            None => row.insert(desk.transaction).await,
            Some(_) => row.update(desk.transaction).await,
        }
        .map_err(StoreError::from)?;
        let old = |get: fn(&controllers::Model) -> &String| there.as_ref().map(|row| get(row).clone());
        let fields = differences([
            ("name", old(|row| &row.name), Some(self.name.clone())),
            ("business_id", there.as_ref().and_then(|row| row.business_id.clone()), self.business_id.clone()),
            ("officer", old(|row| &row.officer), Some(self.officer.clone())),
            ("contact", old(|row| &row.contact), Some(self.contact.clone())),
            (
                "data_protection_officer",
                old(|row| &row.data_protection_officer),
                Some(self.data_protection_officer.clone()),
            ),
        ]);
        desk.changed(format!("controller {}", self.municipality), fields);
        Ok(there.is_none())
    }
}
