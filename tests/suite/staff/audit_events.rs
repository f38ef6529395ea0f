//! The audit trail as data protection reads it: what is in it, what can be asked, and that asking is in it too.

use super::world::World;
use crate::coverage::rpc::{fault, reason};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto::{
    common::v1::ErrorReason,
    staff::v1::{
        AuditEvent, CreateStaffAccountRequest, GetPatronRequest, ListAuditEventsRequest, Purpose,
        audit_service_client::AuditServiceClient, patron_service_client::PatronServiceClient,
        staff_account_service_client::StaffAccountServiceClient,
    },
};
use kortisto_domain::{DeviceKind, StaffRole};
use kortisto_testkit::{
    on_both_engines,
    register::{Staff, new_id},
};
use prost_types::Timestamp;
use tonic::Status;

fn stamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap() })
}

async fn look(staff: &Staff, number: &str) {
    let ask = GetPatronRequest { number: number.to_owned(), purpose: Purpose::CustomerService.into() };
    PatronServiceClient::new(staff.channel()).get_patron(ask).await.unwrap();
}

async fn list(staff: &Staff, ask: ListAuditEventsRequest) -> Result<Vec<AuditEvent>, Status> {
    let mut client = AuditServiceClient::new(staff.channel());
    Ok(client.list_audit_events(ask).await?.into_inner().events)
}

fn supervision() -> ListAuditEventsRequest {
    ListAuditEventsRequest { purpose: Purpose::Supervision.into(), ..Default::default() }
}

on_both_engines! {
    async fn who_looked_at_a_patron_is_told_and_the_question_is_told_next_time(engine: Engine) {
        let w = World::start(engine).await;
        let (desk, officer) = (w.staff(&[StaffRole::Desk]).await, w.staff(&[StaffRole::DataProtection]).await);
        let (patron, other) = (w.t.patron().await, w.t.patron().await);
        look(&desk, &patron.number).await;
        look(&desk, &other.number).await;
        w.t.clock.advance(TimeDelta::seconds(1));
        let ask = ListAuditEventsRequest {
            purpose: Purpose::SubjectAccess.into(),
            patron_number: patron.number.clone(),
            ..Default::default()
        };
        let events = list(&officer, ask.clone()).await.unwrap();
        assert_eq!(events.len(), 1);
        let event = &events[0];
        assert_eq!((event.action.as_str(), event.granted, event.actor.as_str()), ("get_patron", true, "staff"));
        assert_eq!((event.user_name.as_str(), event.patron_number.as_str()), (desk.user_name.as_str(), patron.number.as_str()));
        assert_eq!((event.purpose(), event.branch.as_str()), (Purpose::CustomerService, "main"));
        assert_eq!(event.device, w.desk.name);
        assert_eq!(event.recorded_at, stamp(w.t.clock.now() - TimeDelta::seconds(1)));
        w.t.clock.advance(TimeDelta::seconds(1));
        let events = list(&officer, ask).await.unwrap();
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].action.as_str(), events[0].purpose()), ("list_audit_events", Purpose::SubjectAccess));
        assert_eq!(events[0].user_name, officer.user_name);
    }

    async fn old_and_new_values_are_shown_and_secrets_are_not(engine: Engine) {
        let w = World::start(engine).await;
        let (admin, officer) = (w.staff(&[StaffRole::Administrator]).await, w.staff(&[StaffRole::DataProtection]).await);
        let ask = CreateStaffAccountRequest {
            request_id: new_id(),
            user_name: "aino".to_owned(),
            display_name: "Aino Testaaja".to_owned(),
            openid_subject: String::new(),
        };
        StaffAccountServiceClient::new(admin.channel()).create_staff_account(ask).await.unwrap();
        let ask = ListAuditEventsRequest { user_name: admin.user_name.clone(), ..supervision() };
        let events = list(&officer, ask).await.unwrap();
        assert_eq!(events.len(), 1);
        assert!(events[0].detail.starts_with("staff account "), "{}", events[0].detail);
        let changes: Vec<_> =
            events[0].changes.iter().map(|change| (change.field.as_str(), change.new_value.as_deref())).collect();
        assert_eq!(changes, [("user_name", Some("aino")), ("display_name", Some("Aino Testaaja"))]);
    }

    async fn a_time_and_an_action_narrow_it_down_and_pages_lead_through(engine: Engine) {
        let w = World::start(engine).await;
        let (desk, officer) = (w.staff(&[StaffRole::Desk]).await, w.staff(&[StaffRole::DataProtection]).await);
        let start = w.t.clock.now();
        let mut numbers = Vec::new();
        for _ in 0..5 {
            numbers.push(w.t.patron().await.number);
            look(&desk, numbers.last().unwrap()).await;
            w.t.clock.advance(TimeDelta::seconds(10));
        }
        let ask = ListAuditEventsRequest {
            from_time: stamp(start + TimeDelta::seconds(10)),
            until_time: stamp(start + TimeDelta::seconds(40)),
            action: "get_patron".to_owned(),
            page_size: 2,
            ..supervision()
        };
        let mut client = AuditServiceClient::new(officer.channel());
        let first = client.list_audit_events(ask.clone()).await.unwrap().into_inner();
        let next = ListAuditEventsRequest { page_token: first.next_page_token.clone(), ..ask };
        let second = client.list_audit_events(next).await.unwrap().into_inner();
        let seen: Vec<_> = first.events.into_iter().chain(second.events).map(|event| event.patron_number).collect();
        assert_eq!(seen, [3, 2, 1].map(|place: usize| numbers[place].clone()));
        assert!(second.next_page_token.is_empty());
        // What was asked for without a patron stands in the row.
        let own = ListAuditEventsRequest { user_name: officer.user_name.clone(), ..supervision() };
        let events = list(&officer, own).await.unwrap();
        assert!(events.iter().all(|event| event.detail.contains("of action get_patron from ")), "{events:?}");
    }

    async fn what_devices_decided_is_in_it(engine: Engine) {
        let w = World::start(engine).await;
        let officer = w.staff(&[StaffRole::DataProtection]).await;
        let (kiosk, patron) = (w.t.device(DeviceKind::SelfCheckout).await, w.t.patron().await);
        kiosk.sign_in(&patron.card, patron.pin).await;
        let ask = ListAuditEventsRequest { patron_number: patron.number.clone(), ..supervision() };
        let events = list(&officer, ask).await.unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].actor.as_str(), events[0].device.as_str()), ("device", kiosk.name.as_str()));
    }

    async fn nobody_browses_the_lives_of_all(engine: Engine) {
        let w = World::start(engine).await;
        let officer = w.staff(&[StaffRole::DataProtection]).await;
        let now = w.t.clock.now();
        let days = |days| stamp(now - TimeDelta::days(days));
        for (from, until, field) in [
            (None, None, "from_time"),
            (days(1), None, "from_time"),
            (None, days(0), "from_time"),
            (days(32), days(0), "from_time"),
            (days(0), days(0), "until_time"),
            (days(0), days(1), "until_time"),
        ] {
            let ask = ListAuditEventsRequest { from_time: from, until_time: until, ..supervision() };
            let (reason, metadata) = fault(&list(&officer, ask).await.unwrap_err());
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field), "{from:?} {until:?}");
        }
        list(&officer, ListAuditEventsRequest { from_time: days(31), until_time: days(0), ..supervision() }).await.unwrap();
        let ask = ListAuditEventsRequest { from_time: days(1), until_time: days(0), purpose: Purpose::SubjectAccess.into(), ..Default::default() };
        let (reason, metadata) = fault(&list(&officer, ask).await.unwrap_err());
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "patron_number"));
        let ask = ListAuditEventsRequest { user_name: "nobody.here".to_owned(), ..supervision() };
        assert_eq!(self::reason(&list(&officer, ask).await.unwrap_err()), ErrorReason::NotFound);
    }
}
