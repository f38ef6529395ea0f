//! `NoticeService.PreviewNotice`: what a notice looks like, with values of nobody.

use super::{TemplateKey, TemplateText, templates::refused};
use crate::{
    RegisterError,
    notices::{template::Template, wording::Wording},
    staff::{StaffDesk, StaffRpc, StaffView},
};
use kortisto_domain::Purpose;

/// Asks what a notice looks like.
pub struct PreviewNotice {
    /// What the template is for.
    pub key: TemplateKey,
    /// Its words.
    pub text: TemplateText,
}

/// How notices read.
pub struct Preview {
    /// One for each sample.
    pub notices: Vec<PreviewedNotice>,
    /// The placeholders of the kind.
    pub placeholders: Vec<String>,
}

/// How a notice reads.
pub struct PreviewedNotice {
    /// Its subject; empty for text messages.
    pub subject: String,
    /// Its text.
    pub body: String,
}

impl StaffView for PreviewNotice {
    const RPC: StaffRpc = StaffRpc::PreviewNotice;
    type Answer = Preview;

    fn purpose(&self) -> Option<Purpose> {
        None
    }

    async fn look(&self, desk: &mut StaffDesk<'_>) -> Result<Preview, RegisterError> {
        let office = &desk.register.notices;
        self.key.check(&office.languages)?;
        let samples = self.key.samples(&office.library);
        let template = Template::from(&self.text);
        let longest = self.key.longest(&office.library);
        template.check(self.key.channel, &samples, &longest).map_err(refused)?;
        let mut notices = Vec::with_capacity(samples.len());
        for sample in &samples {
            let rendered = template.render(self.key.channel, sample).map_err(refused)?;
            notices.push(PreviewedNotice { subject: rendered.subject, body: rendered.body });
        }
        Ok(Preview { notices, placeholders: samples.first().map(Wording::names).unwrap_or_default() })
    }
}
