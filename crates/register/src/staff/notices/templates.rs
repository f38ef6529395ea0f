//! What the operations on templates share.

use crate::{
    RegisterError,
    notices::{
        template::{Template, TemplateFault},
        wording::Wording,
    },
    staff::StaffDesk,
};
use kortisto_domain::{NoticeChannel, NoticeKind, policy::REMINDERS_MAX};
use kortisto_store::{StoreError, entities::notice_templates};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde::Serialize;

/// What a template is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateKey {
    /// Which notice.
    pub kind: NoticeKind,
    /// Which reminder of a late loan, 1 to 3; 0 for every one, and for other kinds.
    pub step: i16,
    /// Which channel.
    pub channel: NoticeChannel,
    /// Which language.
    pub language: String,
}

/// The words of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateText {
    /// The subject; empty for text messages.
    pub subject: String,
    /// The text.
    pub body: String,
}

impl TemplateKey {
    /// Whether there can be such a template.
    pub(super) fn check(&self, languages: &[String]) -> Result<(), RegisterError> {
        let invalid = |field, rule: String| Err(RegisterError::FieldInvalid { field, rule });
        let steps = if self.kind == NoticeKind::Overdue { REMINDERS_MAX as i16 } else { 0 };
        if !(0..=steps).contains(&self.step) {
            return invalid("template.step", format!("0 to {steps} for this kind of notice"));
        }
        if kortisto_domain::notices::check(self.kind, self.channel, days_of(self)).is_err()
            || self.channel == NoticeChannel::None
        {
            return invalid("template.channel", "a channel by which this kind of notice goes".to_owned());
        }
        if !languages.contains(&self.language) {
            let rule = format!("a language of the consortium: {}", languages.join(", "));
            return invalid("template.language", rule);
        }
        Ok(())
    }

    /// The samples with which a template of this kind is tried.
    pub(super) fn samples(&self, library: &str) -> Vec<Wording> {
        Wording::samples(self.kind, self.step, library, &self.language)
    }

    /// The longest values that a template of this kind may get.
    pub(super) fn longest(&self, library: &str) -> Vec<Wording> {
        Wording::longest(self.kind, self.step, library, &self.language)
    }

    /// Its name in the audit trail.
    pub(super) fn words(&self) -> String {
        let Self { kind, step, channel, language } = self;
        format!("notice template {} {step} {} {language}", kind.word(), channel.word())
    }

    /// What staff have put in force for it.
    pub(super) async fn row(
        &self,
        desk: &StaffDesk<'_>,
    ) -> Result<Option<notice_templates::Model>, RegisterError> {
        let row = notice_templates::Entity::find()
            .filter(notice_templates::Column::Kind.eq(self.kind.code()))
            .filter(notice_templates::Column::Step.eq(self.step))
            .filter(notice_templates::Column::Channel.eq(self.channel.code()))
            .filter(notice_templates::Column::Language.eq(&self.language))
            .one(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        Ok(row)
    }
}

/// Days with which a due-date reminder can be sent at all.
const fn days_of(key: &TemplateKey) -> Option<u8> {
    match key.kind {
        NoticeKind::DueReminder => Some(kortisto_domain::notices::REMINDER_DAYS.0),
        NoticeKind::Overdue | NoticeKind::Pickup | NoticeKind::Invoice => None,
    }
}

impl From<&TemplateText> for Template {
    fn from(text: &TemplateText) -> Self {
        Self { subject: text.subject.clone(), body: text.body.clone() }
    }
}

/// A fault of a template as the caller is told.
pub(super) fn refused(fault: TemplateFault) -> RegisterError {
    let field = if fault.field == "subject" { "template.subject" } else { "template.body" };
    RegisterError::FieldInvalid { field, rule: fault.right }
}
