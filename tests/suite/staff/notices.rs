//! `NoticeService`: the texts of notices, and what became of each.

use crate::coverage::rpc::reason;
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{
        ListNoticesRequest, ListTemplatesRequest, ListedTemplate, Notice, NoticeChannel, NoticeKind,
        NoticeReason, NoticeState, PreviewNoticeRequest, PutTemplateRequest, RemoveTemplateRequest,
        RetryNoticeRequest, Template, notice_service_client::NoticeServiceClient,
    },
};
use kortisto_domain::{DeviceKind, Purpose, StaffRole};
use kortisto_register::{
    jobs::JobOrder,
    notices::{Consignment, Courier, Couriers, Delivering, Delivery, Halt},
};
use kortisto_testkit::{
    Engine, TestOptions, TestRegister, on_both_engines,
    register::{BRANCH_MAIN, Bearer, Staff, TestPatron, new_id},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};

/// Takes every e-mail, and keeps its words.
#[derive(Default)]
struct Mailbox(Mutex<Vec<String>>);

impl Courier for Mailbox {
    fn deliver<'a>(&'a self, consignment: &'a Consignment) -> Delivering<'a> {
        Box::pin(async move {
            self.0.lock().unwrap().extend(consignment.messages.iter().map(|message| message.body.clone()));
            vec![Delivery::Sent { proof: "250 Ok".to_owned() }; consignment.messages.len()]
        })
    }
}

struct Desk {
    t: TestRegister,
    staff: Staff,
    mailbox: Arc<Mailbox>,
}

impl Desk {
    async fn open(engine: Engine) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let couriers = Couriers { email: Some(mailbox.clone()), ..Couriers::default() };
        let t = TestRegister::start_with(engine, TestOptions { couriers, ..TestOptions::default() }).await;
        let staff = t.staff(&[StaffRole::Desk, StaffRole::Administrator]).await;
        Self { t, staff, mailbox }
    }

    fn client(&self) -> NoticeServiceClient<InterceptedService<Channel, Bearer>> {
        NoticeServiceClient::new(self.staff.channel())
    }

    async fn put(&self, template: Template) -> Result<(), Status> {
        let ask = PutTemplateRequest { request_id: new_id(), template: Some(template) };
        self.client().put_template(ask).await.map(|_| ())
    }

    async fn templates(&self, kind: NoticeKind) -> Vec<ListedTemplate> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let ask = ListTemplatesRequest { kind: kind.into(), page_size: 4, page_token };
            let page = self.client().list_templates(ask).await.unwrap().into_inner();
            assert!(page.templates.len() <= 4);
            all.extend(page.templates);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    async fn list(&self, patron: &TestPatron) -> Vec<Notice> {
        let ask = ListNoticesRequest {
            number: patron.number.clone(),
            purpose: Purpose::CustomerService.code().into(),
            ..Default::default()
        };
        self.client().list_notices(ask).await.unwrap().into_inner().notices
    }

    async fn retry(&self, patron: &TestPatron, notice: &Notice) -> Result<(), Status> {
        let ask = RetryNoticeRequest {
            request_id: new_id(),
            number: patron.number.clone(),
            notice_id: notice.notice_id.clone(),
        };
        self.client().retry_notice(ask).await.map(|_| ())
    }

    async fn ready(&self, patron: &TestPatron) {
        let kiosk = self.t.device(DeviceKind::SelfCheckout).await;
        let item = self.t.item().await;
        self.t.hold(patron, item.title, BRANCH_MAIN).await;
        kiosk.take_back(&item.barcode).await.unwrap();
    }

    async fn deliver(&self) {
        self.t
            .register
            .deliver_notices(JobOrder::within(Duration::from_secs(10)), &Halt::default())
            .await
            .unwrap();
    }
}

fn pickup(body: &str) -> Template {
    Template {
        kind: NoticeKind::Pickup.into(),
        step: 0,
        channel: NoticeChannel::Email.into(),
        language: "fi".to_owned(),
        subject: "Tule noutamaan".to_owned(),
        body: body.to_owned(),
    }
}

on_both_engines! {
    async fn staff_choose_the_words_of_a_notice(engine: Engine) {
        let desk = Desk::open(engine).await;
        let built_in = desk.templates(NoticeKind::Pickup).await;
        assert_eq!(built_in.len(), 9, "three channels in three languages");
        assert!(built_in.iter().all(|listed| listed.changed_at.is_none() && listed.changed_by.is_empty()));
        assert_eq!(desk.templates(NoticeKind::Invoice).await.len(), 6);

        desk.put(pickup("Numerolla {{ pickup_number }}: {{ title }}")).await.unwrap();
        let listed = desk.templates(NoticeKind::Pickup).await;
        assert_eq!(listed.len(), 9);
        let ours: Vec<_> = listed.iter().filter(|listed| !listed.changed_by.is_empty()).collect();
        assert_eq!(ours.len(), 1);
        assert_eq!(ours[0].changed_by, format!("staff:{}", desk.staff.id));
        let patron = desk.t.patron().await;
        desk.t.email(&patron, "aino@example.fi").await;
        desk.ready(&patron).await;
        desk.deliver().await;
        assert!(desk.mailbox.0.lock().unwrap()[0].starts_with("Numerolla "));

        desk.put(pickup("Toisin sanoin: {{ title }}")).await.unwrap();
        assert_eq!(desk.templates(NoticeKind::Pickup).await.len(), 9, "one at a time");
        let remove = RemoveTemplateRequest {
            request_id: new_id(),
            kind: NoticeKind::Pickup.into(),
            step: 0,
            channel: NoticeChannel::Email.into(),
            language: "fi".to_owned(),
        };
        desk.client().remove_template(remove.clone()).await.unwrap();
        let gone = RemoveTemplateRequest { request_id: new_id(), ..remove };
        let gone = desk.client().remove_template(gone).await.unwrap_err();
        assert_eq!(reason(&gone), ErrorReason::NotFound);
        assert!(desk.templates(NoticeKind::Pickup).await.iter().all(|listed| listed.changed_by.is_empty()));

        // A step of its own stands beside the one for every step.
        let overdue = Template { kind: NoticeKind::Overdue.into(), ..pickup("{{ count }} lainaa") };
        desk.put(Template { step: 3, ..overdue.clone() }).await.unwrap();
        assert_eq!(desk.templates(NoticeKind::Overdue).await.len(), 10);
        desk.t.probe().await;
    }

    async fn a_template_that_makes_no_text_is_refused(engine: Engine) {
        let desk = Desk::open(engine).await;
        let long = "x".repeat(460);
        let sms = |body: &str| Template {
            channel: NoticeChannel::Sms.into(),
            subject: String::new(),
            ..pickup(body)
        };
        for (template, field) in [
            (pickup("{{ patron_name }}"), "template.body"),
            (pickup("{% if for_ward %}{{ secret }}{% endif %}"), "template.body"),
            (pickup("{{ title.author }}"), "template.body"),
            (pickup("{{ title"), "template.body"),
            (pickup("{% for line in lines %}{{ line.title }}{% endfor %}"), "template.body"),
            (pickup("{{ title | upper }}"), "template.body"),
            (pickup("{% include 'x' %}"), "template.body"),
            (pickup("{% for a in 'xxxxxxxxxx' * 100000 %}{{ title }}{% endfor %}"), "template.body"),
            (pickup("{% if for_ward %}vain huoltajalle{% endif %}"), "template.body"),
            (Template { subject: String::new(), ..pickup("{{ title }}") }, "template.subject"),
            (Template { subject: "{{ nobody }}".to_owned(), ..pickup("x") }, "template.subject"),
            (Template { subject: "x".to_owned(), ..sms("{{ title }}") }, "template.subject"),
            (sms(&long), "template.body"),
            // With a long title, and with many loans.
            (sms("{{ title }} {{ title }} {{ title }}"), "template.body"),
            (
                Template {
                    kind: NoticeKind::Overdue.into(),
                    ..sms("{% for line in lines %}{{ line.title }} {% endfor %}")
                },
                "template.body",
            ),
            (Template { language: "se".to_owned(), ..pickup("x") }, "template.language"),
            (Template { step: 1, ..pickup("x") }, "template.step"),
            (Template { step: 4, kind: NoticeKind::Overdue.into(), ..pickup("x") }, "template.step"),
            (Template { channel: NoticeChannel::None.into(), ..pickup("x") }, "template.channel"),
            (Template { kind: NoticeKind::Invoice.into(), ..sms("x") }, "template.channel"),
        ] {
            let fault = desk.put(template.clone()).await.unwrap_err();
            assert_eq!(reason(&fault), ErrorReason::FieldInvalid, "{template:?}: {fault:?}");
            assert!(fault.message().contains(field) || format!("{fault:?}").contains(field), "{field}: {fault:?}");
            let ask = PreviewNoticeRequest { template: Some(template) };
            assert_eq!(reason(&desk.client().preview_notice(ask).await.unwrap_err()), ErrorReason::FieldInvalid);
        }
        assert_eq!(desk.templates(NoticeKind::Pickup).await.len(), 9);
        // What may be long is taken in part; a subject is shortened by itself.
        for template in [
            Template {
                kind: NoticeKind::Overdue.into(),
                ..sms("{% for line in lines[:3] %}{{ line.title[:40] }}, {{ line.due }} {% endfor %}")
            },
            sms("{{ title }}: {{ pickup_number }}, {{ branch }} {{ place }}, {{ pickup_until }}. {{ library }}"),
            Template { subject: "Nouda: {{ title }}".to_owned(), ..pickup("{{ title }}") },
            Template {
                kind: NoticeKind::Overdue.into(),
                ..pickup("{% for line in lines %}- {{ line.title }} ({{ line.branch }}): {{ line.due }}\n{% endfor %}")
            },
        ] {
            desk.put(template.clone()).await.unwrap_or_else(|fault| panic!("{template:?}: {fault:?}"));
        }
    }

    async fn a_preview_shows_the_words_with_values_of_nobody(engine: Engine) {
        let desk = Desk::open(engine).await;
        let ask = PreviewNoticeRequest {
            template: Some(pickup("{% if for_ward %}Huollettavasi: {% endif %}{{ title }} {{ pickup_number }}")),
        };
        let shown = desk.client().preview_notice(ask).await.unwrap().into_inner();
        assert_eq!(shown.notices.len(), 4);
        assert_eq!(shown.notices[0].subject, "Tule noutamaan");
        assert_eq!(shown.notices.iter().filter(|notice| notice.body.starts_with("Huollettavasi")).count(), 2);
        assert!(shown.placeholders.contains(&"pickup_until".to_owned()));
        assert!(!shown.placeholders.contains(&"due".to_owned()));
    }

    async fn staff_see_what_became_of_a_notice_and_try_again(engine: Engine) {
        let desk = Desk::open(engine).await;
        let (patron, stranger) = (desk.t.patron().await, desk.t.patron().await);
        desk.ready(&patron).await;
        let waiting = desk.list(&patron).await.remove(0);
        assert_eq!((waiting.state(), waiting.kind()), (NoticeState::Waiting, NoticeKind::Pickup));
        assert_eq!((waiting.lines, waiting.tries, waiting.channel), (1, 0, None));
        assert_eq!(reason(&desk.retry(&patron, &waiting).await.unwrap_err()), ErrorReason::RuleBroken);
        desk.deliver().await;
        let lost = desk.list(&patron).await.remove(0);
        assert_eq!((lost.state(), lost.reason()), (NoticeState::Undeliverable, NoticeReason::NoAddress));
        assert!(desk.list(&stranger).await.is_empty());
        assert_eq!(reason(&desk.retry(&stranger, &lost).await.unwrap_err()), ErrorReason::NotFound);

        desk.t.email(&patron, "aino@example.fi").await;
        desk.retry(&patron, &lost).await.unwrap();
        desk.deliver().await;
        let sent = desk.list(&patron).await.remove(0);
        assert_eq!((sent.state(), sent.channel()), (NoticeState::Sent, NoticeChannel::Email));
        assert_eq!((sent.proof.as_str(), sent.tries, sent.reason), ("250 Ok", 1, None));
        assert!(sent.sent_at.is_some() && sent.next_try_at.is_none() && !sent.to_guardian);
        assert_eq!(reason(&desk.retry(&patron, &sent).await.unwrap_err()), ErrorReason::RuleBroken);
        desk.t.probe().await;
    }
}
