//! `RelationService.EndRelation`: dissolves a relation, with author and reason (A50, A51).

use super::is_answered_for;
use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{PatronState, RelationKind};
use kortisto_store::{
    StoreError,
    entities::{patrons, relations},
};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Ends a relation.
#[derive(Serialize)]
pub struct EndRelation {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The key of the relation.
    pub relation_id: i64,
    /// Why, 1 to 300 characters.
    pub reason: String,
}

impl StaffChange for EndRelation {
    const RPC: StaffRpc = StaffRpc::EndRelation;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let relation = self.find(desk).await?;
        let [first, second] =
            [relation.ward_id.min(relation.other_id), relation.ward_id.max(relation.other_id)];
        let first = desk.lock_patron_by_id(first).await?;
        let second = desk.lock_patron_by_id(second).await?;
        let (ward, other) = if first.id == relation.ward_id { (first, second) } else { (second, first) };
        // As it stands once both are held.
        let relation = self.find(desk).await?;
        if relation.ended_at.is_some() {
            return Err(RegisterError::RuleBroken { rule: "a relation is ended once" });
        }
        let has_left = ward.state == PatronState::Ended.code();
        let of_institution = relation.kind == RelationKind::ResponsiblePerson.code() && !has_left;
        if of_institution && !is_answered_for(desk, &ward, Some(relation.id)).await? {
            let rule = "an institution needs a responsible person: add the next one before this one goes";
            return Err(RegisterError::RuleBroken { rule });
        }
        let of_guardian = relation.kind == RelationKind::Guardian.code();
        let at = desk.moment.at();
        let changes = |with: &patrons::Model| {
            vec![
                FieldChange::new("relation", Some(relation.id.to_string()), Some(relation.id.to_string())),
                FieldChange::new("relation.with", Some(with.number.clone()), Some(with.number.clone())),
                FieldChange::new("relation.ended_at", None, Some(at.to_rfc3339())),
                FieldChange::new("relation.ended_reason", None, Some(self.reason.clone())),
            ]
        };
        let (of_ward, of_other) = (changes(&other), changes(&ward));
        let mut row = relation.into_active_model();
        row.ended_at = Set(Some(at));
        row.ended_by = Set(Some(desk.author()));
        row.ended_reason = Set(Some(self.reason.clone()));
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        if of_guardian {
            desk.end_sessions_for_ward(other.id, ward.id).await?;
        }
        desk.changed_patron(ward, of_ward).await?;
        desk.changed_patron(other, of_other).await
    }
}

impl EndRelation {
    async fn find(&self, desk: &StaffDesk<'_>) -> Result<relations::Model, RegisterError> {
        relations::Entity::find_by_id(self.relation_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(RegisterError::NotFound { what: "relation" })
    }
}
