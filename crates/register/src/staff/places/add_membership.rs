//! `PlaceService.AddMembership`: a municipality joins the consortium on a date (A2).

use super::begin;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::NaiveDate;
use kortisto_domain::places::span::Span;
use kortisto_store::{
    StoreError,
    entities::{controllers, memberships},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};
use serde::Serialize;
use uuid::Uuid;

/// A membership to be.
#[derive(Serialize)]
pub struct AddMembership {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The municipality, a controller already.
    pub municipality: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day, where it is known already; not before the first.
    pub valid_until: Option<NaiveDate>,
    /// The decision.
    pub decision: String,
}

impl StaffChange for AddMembership {
    const RPC: StaffRpc = StaffRpc::AddMembership;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        begin(desk).await?;
        controllers::Entity::find_by_id(self.municipality.clone())
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "controller" })?;
        let there = memberships::Entity::find()
            .filter(memberships::Column::Municipality.eq(&self.municipality))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let days = Span { first: self.valid_from, last: self.valid_until };
        if there.iter().any(|own| days.overlaps(Span { first: own.valid_from, last: own.valid_until })) {
            return Err(RegisterError::RuleBroken {
                rule: "memberships of a municipality do not overlap: end the earlier one first",
            });
        }
        memberships::ActiveModel {
            municipality: Set(self.municipality.clone()),
            valid_from: Set(self.valid_from),
            valid_until: Set(self.valid_until),
            decision: Set(self.decision.clone()),
            ..Default::default()
        }
        .insert(desk.transaction)
        .await
        .map_err(StoreError::from)?;
        let mut fields = vec![
            FieldChange::new("valid_from", None, Some(self.valid_from.to_string())),
            FieldChange::new("decision", None, Some(self.decision.clone())),
        ];
        fields.extend(
            self.valid_until.map(|last| FieldChange::new("valid_until", None, Some(last.to_string()))),
        );
        desk.changed(format!("membership of {}", self.municipality), fields);
        Ok(())
    }
}
