//! `NoticeService.ListTemplates`: the words of a kind of notice, in the order of channels, languages and steps.

use super::{TemplateKey, TemplateText};
use crate::{
    RegisterError,
    notices::texts,
    staff::{Page, Paged, StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{NoticeChannel, NoticeKind, Purpose};
use kortisto_store::{StoreError, entities::notice_templates};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Asks for the templates of a kind.
pub struct ListTemplates {
    /// Which.
    pub kind: NoticeKind,
    /// Which page, by the places of templates.
    pub page: Page<String>,
}

/// A template in force.
pub struct ListedTemplate {
    /// What it is for.
    pub key: TemplateKey,
    /// Its words.
    pub text: TemplateText,
    /// When and by whom it was put in force; none for one that is built in.
    pub changed: Option<(DateTime<Utc>, String)>,
}

impl StaffView for ListTemplates {
    const RPC: StaffRpc = StaffRpc::ListTemplates;
    type Answer = Paged<ListedTemplate, String>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Paged<ListedTemplate, String>, RegisterError> {
        let rows = notice_templates::Entity::find()
            .filter(notice_templates::Column::Kind.eq(self.kind.code()))
            .all(desk.transaction)
            .await
            .map_err(StoreError::from)?;
        let mut listed = Vec::with_capacity(rows.len());
        for row in rows {
            let channel = NoticeChannel::try_from(row.channel).map_err(StoreError::from)?;
            listed.push(ListedTemplate {
                key: TemplateKey { kind: self.kind, step: row.step, channel, language: row.language },
                text: TemplateText { subject: row.subject, body: row.body },
                changed: Some((row.changed_at, row.changed_by)),
            });
        }
        for language in &desk.register.notices.languages {
            for channel in NoticeChannel::ALL {
                let key =
                    TemplateKey { kind: self.kind, step: 0, channel: *channel, language: language.clone() };
                let built_in = texts::built_in(self.kind, *channel, language);
                let replaced = listed.iter().any(|template| template.key == key);
                let Some(template) = built_in.filter(|_| !replaced) else { continue };
                let text = TemplateText { subject: template.subject, body: template.body };
                listed.push(ListedTemplate { key, text, changed: None });
            }
        }
        listed.sort_by_cached_key(|template| place(&template.key));
        listed.retain(|template| self.page.after.as_ref().is_none_or(|after| place(&template.key) > *after));
        Ok(self.page.cut(listed, |template| place(&template.key)))
    }
}

/// The place of a template in the list: as text, in the order of channels, languages and steps.
fn place(key: &TemplateKey) -> String {
    format!("{}-{}-{}", key.channel.code(), key.language, key.step)
}
