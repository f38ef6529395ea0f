//! `NoticeService.RetryNotice`: the address was mended, or the mail server.

use crate::{
    RegisterError,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use chrono::{DateTime, Utc};
use kortisto_domain::NoticeState;
use kortisto_store::{StoreError, entities::notices};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _, IntoActiveModel as _, QuerySelect as _,
};
use serde::Serialize;
use uuid::Uuid;

/// Delivers a notice after all.
#[derive(Serialize)]
pub struct RetryNotice {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub number: String,
    /// Which notice.
    pub notice: Uuid,
}

impl StaffChange for RetryNotice {
    const RPC: StaffRpc = StaffRpc::RetryNotice;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let patron = desk.lock_patron(&self.number).await?;
        let notice = notices::Entity::find_by_id(self.notice)
            .lock_exclusive()
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?
            .filter(|notice| notice.patron_id == patron.id)
            .ok_or(RegisterError::NotFound { what: "notice" })?;
        let state = NoticeState::try_from(notice.state).map_err(StoreError::from)?;
        if !matches!(state, NoticeState::Failed | NoticeState::Undeliverable) {
            let rule = "only a notice that failed or could not be delivered is tried again";
            return Err(RegisterError::RuleBroken { rule });
        }
        let word = |state: NoticeState| Some(state.word().to_owned());
        let change = FieldChange::new("notice_state", word(state), word(NoticeState::Waiting));
        let mut row = notice.into_active_model();
        row.state = Set(NoticeState::Waiting.code());
        row.tries = Set(0);
        row.next_try_at = Set(Some(desk.moment.at()));
        row.taken_until = Set(None::<DateTime<Utc>>);
        row.reason = Set(None);
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.noted(&patron, None, vec![change]);
        Ok(())
    }
}
