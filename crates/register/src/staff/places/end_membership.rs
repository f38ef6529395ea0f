//! `PlaceService.EndMembership`: a municipality leaves the consortium after a date (A2).

use super::{begin, differences};
use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::places::span::Span;
use kortisto_store::{StoreError, entities::memberships};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// The last day of a membership.
#[derive(Serialize)]
pub struct EndMembership {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The municipality.
    pub municipality: String,
    /// Its last day.
    pub last_day: NaiveDate,
    /// The decision.
    pub decision: String,
}

impl StaffChange for EndMembership {
    const RPC: StaffRpc = StaffRpc::EndMembership;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        begin(desk).await?;
        let there = memberships::Entity::find()
            .filter(memberships::Column::Municipality.eq(&self.municipality))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let holds = |own: &memberships::Model| {
            Span { first: own.valid_from, last: own.valid_until }.holds(self.last_day)
        };
        let own = there.into_iter().find(holds).ok_or(RegisterError::NotFound { what: "membership" })?;
        let fields = differences([
            ("valid_until", own.valid_until.map(|day| day.to_string()), Some(self.last_day.to_string())),
            ("end_decision", own.end_decision.clone(), Some(self.decision.clone())),
        ]);
        let mut row = own.into_active_model();
        row.valid_until = Set(Some(self.last_day));
        row.end_decision = Set(Some(self.decision.clone()));
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed(format!("membership of {}", self.municipality), fields);
        Ok(())
    }
}
