//! `StaffSessionService.SignOut`: the token means nothing from now on.

use crate::{
    RegisterError,
    staff::{StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::staff_sessions};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use serde::Serialize;
use uuid::Uuid;

/// Ends the session.
#[derive(Serialize)]
pub struct SignOut {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
}

impl StaffChange for SignOut {
    const RPC: StaffRpc = StaffRpc::SignOut;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let Some(session) = desk.account.session else {
            return Err(RegisterError::RuleBroken {
                rule: "a token of the identity provider is ended there, not here",
            });
        };
        staff_sessions::Entity::update_many()
            .col_expr(staff_sessions::Column::EndedAt, Expr::value(desk.moment.at()))
            .filter(staff_sessions::Column::Id.eq(session))
            .exec(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(())
    }
}
