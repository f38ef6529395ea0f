//! `HoldService.ChangeHoldForPatron`: another place of pickup, another last day, frozen or not.

use super::{Served, answer, hold_and_patron};
use crate::{
    HoldAnswer, HoldEdit, RegisterError,
    audit::About,
    holds::changing::Changed,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::entities::holds;
use serde::Serialize;
use uuid::Uuid;

/// What changes about a pending hold.
#[derive(Serialize)]
pub struct ChangeHoldForPatron {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// Which hold.
    pub hold: Uuid,
    /// What changes.
    pub edit: HoldEdit,
}

impl StaffChange for ChangeHoldForPatron {
    const RPC: StaffRpc = StaffRpc::ChangeHoldForPatron;
    type Answer = HoldAnswer;

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<HoldAnswer, RegisterError> {
        let served = Served::load(desk, hold_and_patron(desk, self.hold).await?).await?;
        let (decision, changed) = served.holder(desk).change(self.hold, &self.edit).await?;
        let about = About { hold: Some(self.hold), ..About::default() };
        desk.noted_of(&served.patron, about, changed.as_ref().map(differences).unwrap_or_default());
        Ok(answer(&served, decision, changed.map(|changed| changed.details)))
    }
}

/// What is different, for the trail.
fn differences(changed: &Changed) -> Vec<FieldChange> {
    let Changed { before, after, .. } = changed;
    let id = after.id.to_string();
    let mut fields = vec![FieldChange::new("hold", Some(id.clone()), Some(id))];
    let mut compare = |field, get: fn(&holds::Model) -> Option<String>| {
        let (old, new) = (get(before), get(after));
        if old != new {
            fields.push(FieldChange::new(field, old, new));
        }
    };
    compare("hold.pickup_branch_id", |row| Some(row.pickup_branch_id.to_string()));
    compare("hold.pickup_stop_id", |row| row.pickup_stop_id.map(|id| id.to_string()));
    compare("hold.pickup_locker_id", |row| row.pickup_locker_id.map(|id| id.to_string()));
    compare("hold.valid_until", |row| row.valid_until.map(|day| day.to_string()));
    compare("hold.frozen_until", |row| row.frozen_until.map(|day| day.to_string()));
    fields
}
