//! `NoticeService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1::{
    ListNoticesRequest, ListTemplatesRequest, NoticeChannel, NoticeKind, PreviewNoticeRequest,
    PutTemplateRequest, RemoveTemplateRequest, RetryNoticeRequest, Template,
};
use kortisto_domain::NoticeState;
use kortisto_testkit::register::new_id;
use prost_reflect::DynamicMessage;

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let (kind, channel) = (NoticeKind::Pickup.into(), NoticeChannel::Email.into());
    let template = Template {
        kind,
        channel,
        language: "fi".to_owned(),
        subject: "Varaus".to_owned(),
        body: "Nouda {{ title }}: {{ pickup_number }}".to_owned(),
        step: 0,
    };
    Some(match method {
        "ListTemplates" => {
            dynamic("ListTemplatesRequest", &ListTemplatesRequest { kind, ..Default::default() })
        }
        "PutTemplate" => dynamic(
            "PutTemplateRequest",
            &PutTemplateRequest { template: Some(template), ..Default::default() },
        ),
        "RemoveTemplate" => {
            // One for each question: what is removed is gone.
            let language = new_id();
            world.t.notice_template(kind, channel, &language[..3]).await;
            let ask = RemoveTemplateRequest {
                kind,
                channel,
                language: language[..3].to_owned(),
                ..Default::default()
            };
            dynamic("RemoveTemplateRequest", &ask)
        }
        "PreviewNotice" => {
            dynamic("PreviewNoticeRequest", &PreviewNoticeRequest { template: Some(template) })
        }
        "ListNotices" => {
            let number = world.t.patron().await.number;
            dynamic("ListNoticesRequest", &ListNoticesRequest { number, ..Default::default() })
        }
        "RetryNotice" => {
            let patron = world.t.patron().await;
            let notice = world.t.notice(&patron, NoticeState::Failed).await;
            let ask = RetryNoticeRequest {
                number: patron.number,
                notice_id: notice.to_string(),
                ..Default::default()
            };
            dynamic("RetryNoticeRequest", &ask)
        }
        _ => return None,
    })
}
