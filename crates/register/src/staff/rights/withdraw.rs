//! `BanService.WithdrawSelfServiceRight`: takes a right back; the next question of a door is refused.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::self_service_rights};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Withdraws a right.
#[derive(Serialize)]
pub struct WithdrawSelfServiceRight {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The key of the right.
    pub right_id: i64,
    /// Why, 1 to 300 characters; kept in the trail.
    pub reason: String,
}

impl StaffChange for WithdrawSelfServiceRight {
    const RPC: StaffRpc = StaffRpc::WithdrawSelfServiceRight;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let unknown = RegisterError::NotFound { what: "self-service right" };
        let found = |right: Option<self_service_rights::Model>| right.ok_or_else(|| unknown.clone());
        let find = || self_service_rights::Entity::find_by_id(self.right_id).one(desk.transaction);
        let patron_id = found(find().await.map_err(StoreError::from)?)?.patron_id;
        let patron = desk.lock_patron_by_id(patron_id).await?;
        let right = found(find().await.map_err(StoreError::from)?)?;
        if right.withdrawn_at.is_some() {
            return Err(RegisterError::RuleBroken { rule: "a right is withdrawn once" });
        }
        let mut changes = withdraw(desk, right).await?;
        changes.push(FieldChange::new("self_service_right.withdraw_reason", None, Some(self.reason.clone())));
        desk.changed_patron(patron, changes).await
    }
}

/// Withdraws a right of a patron who is held, and says what changed.
pub(crate) async fn withdraw(
    desk: &StaffDesk<'_>,
    right: self_service_rights::Model,
) -> Result<Vec<FieldChange>, RegisterError> {
    let (id, at) = (right.id.to_string(), desk.moment.at());
    let mut row = right.into_active_model();
    row.withdrawn_at = Set(Some(at));
    row.withdrawn_by = Set(Some(desk.author()));
    row.update(desk.transaction).await.map_err(StoreError::from)?;
    Ok(vec![
        FieldChange::new("self_service_right", Some(id.clone()), Some(id)),
        FieldChange::new("self_service_right.withdrawn_at", None, Some(at.to_rfc3339())),
    ])
}
