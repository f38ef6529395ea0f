//! `NoticeService.PutTemplate`: other words for a kind of notice.

use super::{TemplateKey, TemplateText, templates::refused};
use crate::{
    RegisterError,
    notices::template::Template,
    staff::{FieldChange, StaffChange, StaffDesk, StaffRpc},
};
use kortisto_store::{StoreError, entities::notice_templates};
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde::Serialize;
use uuid::Uuid;

/// Puts a template in force.
#[derive(Serialize)]
pub struct PutTemplate {
    /// The request id.
    #[serde(skip)]
    pub request_id: Uuid,
    /// What it is for.
    pub key: TemplateKey,
    /// Its words.
    pub text: TemplateText,
}

impl StaffChange for PutTemplate {
    const RPC: StaffRpc = StaffRpc::PutTemplate;
    type Answer = ();

    fn request_id(&self) -> Uuid {
        self.request_id
    }

    async fn apply(&self, desk: &mut StaffDesk<'_>) -> Result<(), RegisterError> {
        let office = &desk.register.notices;
        self.key.check(&office.languages)?;
        let (samples, longest) = (self.key.samples(&office.library), self.key.longest(&office.library));
        Template::from(&self.text).check(self.key.channel, &samples, &longest).map_err(refused)?;
        let old = self.key.row(desk).await?;
        let was = old.as_ref().map(|row| (row.subject.clone(), row.body.clone()));
        let (at, author) = (desk.moment.at(), desk.author());
        let mut row = match old {
            Some(row) => row.into_active_model(),
            None => notice_templates::ActiveModel {
                kind: Set(self.key.kind.code()),
                step: Set(self.key.step),
                channel: Set(self.key.channel.code()),
                language: Set(self.key.language.clone()),
                ..Default::default()
            },
        };
        row.subject = Set(self.text.subject.clone());
        row.body = Set(self.text.body.clone());
        row.changed_at = Set(at);
        row.changed_by = Set(author);
        row.save(desk.transaction).await.map_err(came_first)?;
        let (subject, body) = was.unzip();
        let changes = vec![
            FieldChange::new("subject", subject, Some(self.text.subject.clone())),
            FieldChange::new("body", body, Some(self.text.body.clone())),
        ];
        desk.changed(self.key.words(), changes);
        Ok(())
    }
}

/// Two desks that put the first template of a kind at the same moment: the next try finds the other's.
fn came_first(error: sea_orm::DbErr) -> RegisterError {
    match StoreError::from(error) {
        StoreError::Unique { .. } => RegisterError::Unavailable,
        error => error.into(),
    }
}
