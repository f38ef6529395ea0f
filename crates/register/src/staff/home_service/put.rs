//! `HomeServiceService.PutHomeService`: where, when and what is delivered (A83).

use super::row_of;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::ConsentState;
use kortisto_store::{StoreError, entities::home_service};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel};
use serde::Serialize;
use uuid::Uuid;

/// Sets what the service needs of a patron.
#[derive(Serialize)]
pub struct PutHomeService {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// Street and house.
    pub street: String,
    /// Postcode.
    pub postcode: String,
    /// Post office.
    pub post_office: String,
    /// What to know at the door; may be empty.
    pub door_note: String,
    /// The first day of delivery, whose weekday is that of the route.
    pub first_on: NaiveDate,
    /// Weeks between two deliveries, 1 to 12.
    pub every_weeks: u8,
    /// What the patron likes; empty without consent to a profile.
    pub preferences: String,
}

impl StaffChange for PutHomeService {
    const RPC: StaffRpc = StaffRpc::PutHomeService;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let patron = desk.lock_patron(&self.patron_number).await?;
        if patron.protected_address {
            let rule = "a protected address is not kept for deliveries: deliver by way of the library";
            return Err(RegisterError::RuleBroken { rule });
        }
        let before = row_of(desk, patron.id).await?;
        let profile = before.as_ref().map_or(ConsentState::NotAsked.code(), |row| row.profile_consent);
        if !self.preferences.is_empty() && profile != ConsentState::Granted.code() {
            let rule = "empty, until the patron has consented to a profile".to_owned();
            return Err(RegisterError::FieldInvalid { field: "preferences", rule });
        }
        let changes = self.changes(before.as_ref());
        let is_new = before.is_none();
        let mut row = before.map_or_else(|| unasked(patron.id), IntoActiveModel::into_active_model);
        row.street = Set(self.street.clone());
        row.postcode = Set(self.postcode.clone());
        row.post_office = Set(self.post_office.clone());
        row.door_note = Set(self.door_note.clone());
        row.first_on = Set(self.first_on);
        row.every_weeks = Set(self.every_weeks.into());
        row.preferences = Set(self.preferences.clone());
        row.changed_at = Set(desk.moment.at());
        row.changed_by = Set(desk.author());
        if is_new {
            row.insert(desk.transaction).await.map_err(StoreError::from)?;
        } else {
            row.update(desk.transaction).await.map_err(StoreError::from)?;
        }
        desk.changed_patron(patron, changes).await
    }
}

impl PutHomeService {
    fn changes(&self, before: Option<&home_service::Model>) -> Vec<FieldChange> {
        let first_on = self.first_on.to_string();
        let every_weeks = self.every_weeks.to_string();
        let fields = [
            ("home_service.street", before.map(|row| row.street.clone()), self.street.clone()),
            ("home_service.postcode", before.map(|row| row.postcode.clone()), self.postcode.clone()),
            ("home_service.post_office", before.map(|row| row.post_office.clone()), self.post_office.clone()),
            ("home_service.door_note", before.map(|row| row.door_note.clone()), self.door_note.clone()),
            ("home_service.first_on", before.map(|row| row.first_on.to_string()), first_on),
            ("home_service.every_weeks", before.map(|row| row.every_weeks.to_string()), every_weeks),
        ];
        let changed = fields.into_iter().filter(|(_, old, new)| old.as_ref() != Some(new));
        let mut changes: Vec<_> =
            changed.map(|(field, old, new)| FieldChange::new(field, old, Some(new))).collect();
        // A profile goes whole when its consent does, so the trail keeps none of it.
        if before.map_or("", |row| &row.preferences) != self.preferences {
            changes.push(FieldChange::secret("home_service.preferences"));
        }
        changes
    }
}

/// A patron of the service whom nobody has asked for a consent.
fn unasked(patron_id: i64) -> home_service::ActiveModel {
    home_service::ActiveModel {
        patron_id: Set(patron_id),
        history_consent: Set(ConsentState::NotAsked.code()),
        profile_consent: Set(ConsentState::NotAsked.code()),
        ..Default::default()
    }
}
