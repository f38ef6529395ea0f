//! `HomeServiceService.SetConsent`: granted, refused or not asked; for history and profile each (A80, A82).
//!
//! A consent that is taken back takes its data with it: the profile is erased, the history is not shown any more, also
//! not when consent is given again later.

use super::{NOT_SERVED, row_of, withdraw};
use crate::{
    RegisterError,
    consents::Answer,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState, home_service as rules};
use kortisto_store::StoreError;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Sets an answer.
#[derive(Serialize)]
pub struct SetConsent {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// The number of the patron.
    pub patron_number: String,
    /// History or profile.
    pub about: ConsentPurpose,
    /// What was answered.
    pub state: ConsentState,
    /// How.
    pub form: ConsentForm,
    /// The version of the text, 1 to 100 characters.
    pub text_version: String,
}

impl StaffChange for SetConsent {
    const RPC: StaffRpc = StaffRpc::SetConsent;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        if !rules::asks_about(self.about) {
            let rule = "HOME_SERVICE_HISTORY or HOME_SERVICE_PROFILE".to_owned();
            return Err(RegisterError::FieldInvalid { field: "about", rule });
        }
        let patron = desk.lock_patron(&self.patron_number).await?;
        let before = row_of(desk, patron.id).await?.ok_or(NOT_SERVED)?;
        let of_profile = self.about == ConsentPurpose::HomeServiceProfile;
        let old = if of_profile { before.profile_consent } else { before.history_consent };
        let old = ConsentState::try_from(old).map_err(StoreError::from)?;
        let takes_data = rules::takes_data(old, self.state);
        if takes_data {
            withdraw(desk, patron.id, self.about).await?;
        }
        if self.state != ConsentState::NotAsked && self.state != old {
            self.keep(desk, patron.id).await?;
        }
        let had_profile = !before.preferences.is_empty();
        let mut row = before.into_active_model();
        let field = if of_profile {
            row.profile_consent = Set(self.state.code());
            "home_service.profile_consent"
        } else {
            row.history_consent = Set(self.state.code());
            "home_service.history_consent"
        };
        let mut changes =
            vec![FieldChange::new(field, Some(old.word().to_owned()), Some(self.state.word().to_owned()))];
        if of_profile && takes_data && had_profile {
            row.preferences = Set(String::new());
            changes.push(FieldChange::secret("home_service.preferences"));
        }
        row.changed_at = Set(desk.moment.at());
        row.changed_by = Set(desk.author());
        row.update(desk.transaction).await.map_err(StoreError::from)?;
        desk.changed_patron(patron, changes).await
    }
}

impl SetConsent {
    /// Keeps the answer as evidence; a refusal is kept too.
    async fn keep(&self, desk: &StaffDesk<'_>, patron_id: i64) -> Result<(), RegisterError> {
        let answer = Answer {
            patron_id,
            about: self.about,
            state: self.state,
            form: self.form,
            text_version: &self.text_version,
            given_by: None,
        };
        answer.keep(desk.transaction, desk.signature()).await.map(|_| ())
    }
}
