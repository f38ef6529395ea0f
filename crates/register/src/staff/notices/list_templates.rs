//! `NoticeService.ListTemplates`: the words of a kind of notice.

use super::{TemplateKey, TemplateText};
use crate::{
    RegisterError,
    notices::texts,
    staff::{StaffDesk, StaffRpc, StaffView},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{NoticeChannel, NoticeKind, Purpose};
use kortisto_store::{StoreError, entities::notice_templates};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// Asks for the templates of a kind.
pub struct ListTemplates {
    /// Which.
    pub kind: NoticeKind,
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
    type Answer = Vec<ListedTemplate>;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Vec<ListedTemplate>, RegisterError> {
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
        listed.sort_by(|one, other| order(&one.key).cmp(&order(&other.key)));
        Ok(listed)
    }
}

fn order(key: &TemplateKey) -> (NoticeChannel, &str, i16) {
    (key.channel, &key.language, key.step)
}
