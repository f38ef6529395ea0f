//! `MessageService`: what staff write, who reads it, and for how long.

use crate::coverage::rpc::{fault, reason};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto::{
    common::v1::ErrorReason,
    device::v1::AuthenticatePatronRequest,
    staff::v1::{
        AddMessageRequest, ListMessagesRequest, Message, MessageAudience, MessageKind, RemoveMessageRequest,
        message_service_client::MessageServiceClient,
    },
};
use kortisto_domain::{DeviceKind, Purpose, StaffRole};
use kortisto_testkit::{
    Engine, TestRegister, on_both_engines,
    register::{Bearer, Device, PatronSeed, Staff, TestPatron, new_id},
};
use prost_types::Timestamp;
use tonic::{Response, Status, service::interceptor::InterceptedService, transport::Channel};

struct Desk {
    t: TestRegister,
    staff: Staff,
}

impl Desk {
    async fn open(engine: Engine) -> Self {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        Self { t, staff }
    }

    fn client(&self) -> MessageServiceClient<InterceptedService<Channel, Bearer>> {
        MessageServiceClient::new(self.staff.channel())
    }

    async fn add(&self, ask: AddMessageRequest) -> Result<i64, Status> {
        let ask = AddMessageRequest { request_id: new_id(), ..ask };
        self.client().add_message(ask).await.map(|answer| answer.into_inner().message_id)
    }

    async fn list(&self, patron: &TestPatron) -> Vec<Message> {
        let ask = ListMessagesRequest {
            number: patron.number.clone(),
            purpose: Purpose::CustomerService.code().into(),
            ..Default::default()
        };
        self.client().list_messages(ask).await.unwrap().into_inner().messages
    }

    async fn remove(&self, patron: &TestPatron, message_id: i64) -> Result<(), Status> {
        let ask = RemoveMessageRequest { request_id: new_id(), number: patron.number.clone(), message_id };
        self.client().remove_message(ask).await.map(|_| ())
    }
}

fn message(patron: &TestPatron, body: &str) -> AddMessageRequest {
    AddMessageRequest {
        number: patron.number.clone(),
        audience: MessageAudience::Patron.into(),
        kind: MessageKind::Message.into(),
        body: body.to_owned(),
        ..Default::default()
    }
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: at.timestamp_subsec_nanos().try_into().unwrap() })
}

/// What a device shows the patron who signs in.
async fn shown(device: &Device, patron: &TestPatron) -> Vec<String> {
    let ask = AuthenticatePatronRequest {
        attempt_id: new_id(),
        card_number: patron.card.clone(),
        pin: patron.pin.to_owned(),
        ..Default::default()
    };
    let answer = device.patrons().authenticate_patron(ask).await.unwrap().into_inner();
    assert!(!answer.patron_token.is_empty());
    answer.messages
}

on_both_engines! {
    async fn a_patron_reads_what_is_for_patrons_where_there_is_a_screen(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.t.patron_with(PatronSeed { language: "en", ..PatronSeed::default() }).await;
        d.add(message(&patron, "Kirjasi löytyi.")).await.unwrap();
        let remark = AddMessageRequest {
            audience: MessageAudience::Staff.into(),
            kind: MessageKind::Remark.into(),
            ..message(&patron, "Kysy henkilöllisyys.")
        };
        d.add(remark).await.unwrap();
        let internal = AddMessageRequest { audience: MessageAudience::Staff.into(), ..message(&patron, "Soitettu.") };
        d.add(internal).await.unwrap();
        let found = AddMessageRequest { kind: MessageKind::FoundProperty.into(), ..message(&patron, "") };
        d.add(found).await.unwrap();
        let own_words = AddMessageRequest { kind: MessageKind::FoundProperty.into(), ..message(&patron, "Sateenvarjo.") };
        d.add(own_words).await.unwrap();
        // Newest first; free text as it was written, the rest in the patron's language.
        let expected = [
            "Sateenvarjo.",
            "Something of yours has been found. Ask for it at the desk.",
            "Kirjasi löytyi.",
        ];
        for kind in DeviceKind::ALL {
            if matches!(kind, DeviceKind::Door | DeviceKind::Desk) {
                continue;
            }
            let device = d.t.device(*kind).await;
            let seen = shown(&device, &patron).await;
            if matches!(kind, DeviceKind::SelfCheckout | DeviceKind::OnlineLibrary) {
                assert_eq!(seen, expected, "{kind:?}");
            } else {
                assert!(seen.is_empty(), "{kind:?}");
            }
        }
        let listed: Vec<_> = d.list(&patron).await.into_iter().map(|message| message.body).collect();
        assert_eq!(listed, ["Sateenvarjo.", "", "Soitettu.", "Kysy henkilöllisyys.", "Kirjasi löytyi."]);
        // Nobody else's.
        let other = d.t.patron().await;
        assert!(d.list(&other).await.is_empty());
        assert!(shown(&d.t.device(DeviceKind::SelfCheckout).await, &other).await.is_empty());
    }

    async fn a_language_without_texts_is_answered_in_finnish(engine: Engine) {
        let d = Desk::open(engine).await;
        let kiosk = d.t.device(DeviceKind::SelfCheckout).await;
        for (language, beginning) in [("fi", "Tarkistathan"), ("sv", "Kontrollera"), ("en", "Please"), ("se", "Tarkistathan")] {
            let patron = d.t.patron_with(PatronSeed { language, ..PatronSeed::default() }).await;
            d.add(AddMessageRequest { kind: MessageKind::CheckContact.into(), ..message(&patron, "") }).await.unwrap();
            let seen = shown(&kiosk, &patron).await;
            assert!(seen[0].starts_with(beginning), "{language}: {seen:?}");
        }
    }

    async fn a_message_says_who_wrote_it_where_and_when_and_ends_at_its_end(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.t.patron().await;
        let (now, end) = (d.t.clock.now(), d.t.clock.now() + TimeDelta::minutes(10));
        let id = d.add(AddMessageRequest { expires_at: timestamp(end), ..message(&patron, "Hetkeksi.") }).await.unwrap();
        let listed = d.list(&patron).await;
        assert_eq!((listed.len(), listed[0].message_id), (1, id));
        assert_eq!((listed[0].branch.as_str(), listed[0].written_by.as_str()), ("main", format!("staff:{}", d.staff.id).as_str()));
        assert_eq!((listed[0].written_at, listed[0].expires_at), (timestamp(now), timestamp(end)));
        let kiosk = d.t.device(DeviceKind::SelfCheckout).await;
        d.t.clock.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
        assert_eq!(shown(&kiosk, &patron).await.len(), 1);
        d.t.clock.advance(TimeDelta::microseconds(1));
        assert!(shown(&kiosk, &patron).await.is_empty());
        assert!(d.list(&patron).await.is_empty());
    }

    async fn a_message_that_names_no_end_gets_that_of_the_policy(engine: Engine) {
        let d = Desk::open(engine).await;
        let (patron, now) = (d.t.patron().await, d.t.clock.now());
        let own_end = timestamp(now + TimeDelta::days(700));
        d.add(message(&patron, "Vuodeksi.")).await.unwrap();
        d.t.policy("message.expiry_days", "90").await;
        d.add(message(&patron, "Neljännesvuodeksi.")).await.unwrap();
        d.add(AddMessageRequest { expires_at: own_end, ..message(&patron, "Kahdeksi vuodeksi.") }).await.unwrap();
        let ends: Vec<_> = d.list(&patron).await.into_iter().map(|message| message.expires_at).collect();
        let in_days = |days| timestamp(now + TimeDelta::days(days));
        assert_eq!(ends, [own_end, in_days(90), in_days(365)]);
    }

    async fn a_removed_message_is_seen_by_nobody(engine: Engine) {
        let d = Desk::open(engine).await;
        let (patron, other) = (d.t.patron().await, d.t.patron().await);
        let id = d.add(message(&patron, "Väärä.")).await.unwrap();
        assert_eq!(reason(&d.remove(&other, id).await.unwrap_err()), ErrorReason::NotFound, "another patron's");
        assert_eq!(d.list(&patron).await.len(), 1);
        d.remove(&patron, id).await.unwrap();
        assert!(d.list(&patron).await.is_empty());
        assert!(shown(&d.t.device(DeviceKind::SelfCheckout).await, &patron).await.is_empty());
        assert_eq!(reason(&d.remove(&patron, id).await.unwrap_err()), ErrorReason::NotFound, "twice");
    }

    async fn what_is_wrong_with_a_message_is_named(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.t.patron().await;
        let good = message(&patron, "Hyvä.");
        let past = timestamp(d.t.clock.now());
        let far = timestamp(d.t.clock.now() + TimeDelta::days(6 * 365));
        for (expected, ask) in [
            ("number", AddMessageRequest { number: String::new(), ..good.clone() }),
            ("audience", AddMessageRequest { audience: 0, ..good.clone() }),
            ("audience", AddMessageRequest { kind: MessageKind::Remark.into(), ..good.clone() }),
            ("kind", AddMessageRequest { kind: 0, ..good.clone() }),
            ("kind", AddMessageRequest { kind: MessageKind::EmailChanged.into(), ..good.clone() }),
            ("body", AddMessageRequest { body: String::new(), ..good.clone() }),
            ("body", AddMessageRequest { body: "x".repeat(501), ..good.clone() }),
            ("body", AddMessageRequest { body: "a\u{7}b".to_owned(), ..good.clone() }),
            ("expires_at", AddMessageRequest { expires_at: past, ..good.clone() }),
            ("expires_at", AddMessageRequest { expires_at: far, ..good.clone() }),
        ] {
            let (reason, metadata) = fault(&d.add(ask).await.unwrap_err());
            assert_eq!(reason, ErrorReason::FieldInvalid);
            assert_eq!(metadata["field"], expected);
        }
        let nobody = AddMessageRequest { number: "P0".to_owned(), ..good };
        assert_eq!(reason(&d.add(nobody).await.unwrap_err()), ErrorReason::NotFound);
    }

    async fn a_hundred_messages_stand_about_one_patron_and_a_kiosk_shows_ten(engine: Engine) {
        let d = Desk::open(engine).await;
        let patron = d.t.patron().await;
        for number in 0..100 {
            d.t.message(&patron, &format!("Viesti {number}")).await;
        }
        assert_eq!(reason(&d.add(message(&patron, "Liikaa.")).await.unwrap_err()), ErrorReason::RuleBroken);
        let seen = shown(&d.t.device(DeviceKind::SelfCheckout).await, &patron).await;
        let newest: Vec<_> = (90..100).rev().map(|number| format!("Viesti {number}")).collect();
        assert_eq!(seen, newest);
        let mut pages = Vec::new();
        let mut ask = ListMessagesRequest {
            number: patron.number.clone(),
            purpose: Purpose::LendingControl.code().into(),
            page_size: 30,
            ..Default::default()
        };
        loop {
            let page = d.client().list_messages(ask.clone()).await.map(Response::into_inner).unwrap();
            pages.push(page.messages.len());
            if page.next_page_token.is_empty() {
                break;
            }
            ask.page_token = page.next_page_token;
        }
        assert_eq!(pages, [30, 30, 30, 10]);
        ask.page_token = "x".to_owned();
        let (reason, metadata) = fault(&d.client().list_messages(ask).await.unwrap_err());
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "page_token"));
    }
}
