//! `BanService.LiftBan`: ends a ban before its time, with author and reason.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::bans::{self as rules, BanState};
use kortisto_store::{StoreError, entities::bans};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Lifts a ban.
#[derive(Serialize)]
pub struct LiftBan {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The key of the ban.
    pub ban_id: i64,
    /// Why, 1 to 500 characters.
    pub reason: String,
}

impl StaffChange for LiftBan {
    const RPC: StaffRpc = StaffRpc::LiftBan;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let unknown = RegisterError::NotFound { what: "ban" };
        let of =
            bans::Entity::find_by_id(self.ban_id).one(desk.transaction).await.map_err(StoreError::from)?;
        let patron_id = of.ok_or_else(|| unknown.clone())?.patron_id;
        // The patron before what hangs on them, as everywhere; then the ban as it stands once the patron is held.
        let patron = desk.lock_patron_by_id(patron_id).await?;
        let ban = bans::Entity::find_by_id(self.ban_id)
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .ok_or(unknown)?;
        let at = desk.moment.at();
        match rules::state(ban.starts_at, ban.ends_at, ban.lifted_at, at) {
            BanState::Ahead | BanState::InForce => {}
            BanState::Ended => {
                return Err(RegisterError::RuleBroken { rule: "a ban that has ended is not lifted" });
            }
            BanState::Lifted => {
                return Err(RegisterError::RuleBroken { rule: "a ban is lifted once" });
            }
        }
        let changes = vec![
            FieldChange::new("ban", Some(ban.id.to_string()), Some(ban.id.to_string())),
            FieldChange::new("ban.lifted_at", None, Some(at.to_rfc3339())),
            FieldChange::secret("ban.lift_reason"),
        ];
        let mut row = ban.into_active_model();
        row.lifted_at = Set(Some(at));
        row.lifted_by = Set(Some(desk.author()));
        row.lift_reason = Set(Some(self.reason.clone()));
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed_patron(patron, changes).await
    }
}
