//! `NoticeService`.

use super::fields;
use crate::{
    services::{Api, page_token, reply},
    status::Fault,
};
use kortisto::staff::v1::{
    ListNoticesRequest, ListNoticesResponse, ListTemplatesRequest, ListTemplatesResponse, ListedTemplate,
    Notice, PreviewNoticeRequest, PreviewNoticeResponse, PreviewedNotice, PutTemplateRequest,
    PutTemplateResponse, RemoveTemplateRequest, RemoveTemplateResponse, RetryNoticeRequest,
    RetryNoticeResponse, Template, notice_service_server::NoticeService,
};
use kortisto_domain::notices::text::{SUBJECT_CHARS_MAX, TEMPLATE_CHARS_MAX};
use kortisto_register::staff::notices::{
    ListNotices, ListTemplates, NoticeRecord, PreviewNotice, PutTemplate, RemoveTemplate, RetryNotice,
    TemplateKey, TemplateText,
};
use tonic::{Request, Response, Status, async_trait};

/// Longest code of a language, in characters (ISO 639).
const LANGUAGE_CHARS_MAX: usize = 3;

#[async_trait]
impl NoticeService for Api {
    async fn list_templates(
        &self,
        request: Request<ListTemplatesRequest>,
    ) -> Result<Response<ListTemplatesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListTemplates {
            kind: fields::coded("kind", message.kind)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let found = desk.view(ask).await?;
        let templates = found.rows.into_iter().map(|listed| {
            let (changed_at, changed_by) = listed.changed.unzip();
            ListedTemplate {
                template: Some(template(listed.key, listed.text)),
                changed_at: changed_at.map(reply::timestamp),
                changed_by: changed_by.unwrap_or_default(),
            }
        });
        let next_page_token = page_token::of(found.next);
        Ok(Response::new(ListTemplatesResponse { templates: templates.collect(), next_page_token }))
    }

    async fn put_template(
        &self,
        request: Request<PutTemplateRequest>,
    ) -> Result<Response<PutTemplateResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let request_id = fields::id("request_id", &message.request_id)?;
        let (key, text) = given(message.template)?;
        desk.change(PutTemplate { request_id, key, text }).await?;
        Ok(Response::new(PutTemplateResponse {}))
    }

    async fn remove_template(
        &self,
        request: Request<RemoveTemplateRequest>,
    ) -> Result<Response<RemoveTemplateResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RemoveTemplate {
            request_id: fields::id("request_id", &message.request_id)?,
            key: TemplateKey {
                kind: fields::coded("kind", message.kind)?,
                step: step("step", message.step)?,
                channel: fields::coded("channel", message.channel)?,
                language: fields::text("language", &message.language, LANGUAGE_CHARS_MAX)?,
            },
        };
        desk.change(ask).await?;
        Ok(Response::new(RemoveTemplateResponse {}))
    }

    async fn preview_notice(
        &self,
        request: Request<PreviewNoticeRequest>,
    ) -> Result<Response<PreviewNoticeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let (key, text) = given(request.into_inner().template)?;
        let preview = desk.view(PreviewNotice { key, text }).await?;
        let notices = preview.notices.into_iter();
        let notices = notices.map(|notice| PreviewedNotice { subject: notice.subject, body: notice.body });
        let placeholders = preview.placeholders;
        Ok(Response::new(PreviewNoticeResponse { notices: notices.collect(), placeholders }))
    }

    async fn list_notices(
        &self,
        request: Request<ListNoticesRequest>,
    ) -> Result<Response<ListNoticesResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = ListNotices {
            number: fields::code("number", &message.number)?,
            purpose: fields::purpose(message.purpose)?,
            page: fields::page(message.page_size, &message.page_token)?,
        };
        let found = desk.view(ask).await?;
        Ok(Response::new(ListNoticesResponse {
            notices: found.rows.into_iter().map(shown).collect(),
            next_page_token: page_token::of(found.next),
        }))
    }

    async fn retry_notice(
        &self,
        request: Request<RetryNoticeRequest>,
    ) -> Result<Response<RetryNoticeResponse>, Status> {
        let desk = self.at_desk(&request).await?;
        let message = request.into_inner();
        let ask = RetryNotice {
            request_id: fields::id("request_id", &message.request_id)?,
            number: fields::code("number", &message.number)?,
            notice: fields::id("notice_id", &message.notice_id)?,
        };
        desk.change(ask).await?;
        Ok(Response::new(RetryNoticeResponse {}))
    }
}

fn given(template: Option<Template>) -> Result<(TemplateKey, TemplateText), Fault> {
    let given = template.ok_or_else(|| Fault::field("template", "a template"))?;
    let key = TemplateKey {
        kind: fields::coded("template.kind", given.kind)?,
        step: step("template.step", given.step)?,
        channel: fields::coded("template.channel", given.channel)?,
        language: fields::text("template.language", &given.language, LANGUAGE_CHARS_MAX)?,
    };
    let subject = fields::optional_text("template.subject", &given.subject, SUBJECT_CHARS_MAX)?;
    let body = fields::prose("template.body", given.body.trim(), TEMPLATE_CHARS_MAX)?;
    Ok((key, TemplateText { subject: subject.unwrap_or_default(), body }))
}

fn step(field: &'static str, number: i32) -> Result<i16, Fault> {
    let step = i16::try_from(number).ok().filter(|step| (0..=3).contains(step));
    step.ok_or_else(|| Fault::field(field, "0 to 3"))
}

fn template(key: TemplateKey, text: TemplateText) -> Template {
    Template {
        kind: i32::from(key.kind.code()),
        step: key.step.into(),
        channel: i32::from(key.channel.code()),
        language: key.language,
        subject: text.subject,
        body: text.body,
    }
}

fn shown(record: NoticeRecord) -> Notice {
    let row = record.notice;
    Notice {
        notice_id: row.id.to_string(),
        kind: row.kind.into(),
        step: row.step.into(),
        state: row.state.into(),
        channel: row.channel.map(Into::into),
        to_guardian: row.sent_to_id.is_some_and(|person| person != row.patron_id),
        reason: row.reason.map(Into::into),
        created_at: Some(reply::timestamp(row.created_at)),
        tries: row.tries.into(),
        next_try_at: row.next_try_at.map(reply::timestamp),
        sent_at: row.sent_at.map(reply::timestamp),
        proof: row.proof.unwrap_or_default(),
        lines: i32::try_from(record.lines).unwrap_or(i32::MAX),
    }
}
