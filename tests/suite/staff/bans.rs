//! Bans and self-service rights: what the desk does, and what kiosks, doors and PCs then answer.

use super::questions::{
    bans::{lending_ban, right_of},
    relations::{child, relate},
};
use crate::coverage::rpc::{fault, reason};
use chrono::{DateTime, TimeDelta, Utc};
use kortisto::{
    common::v1::{ErrorReason, Refusal, RefusalReason},
    staff::v1 as wire,
};
use kortisto_domain::{BanKind, DeviceKind, RelationKind, RightKind, StaffRole};
use kortisto_register::{
    bans::{self as operator, BanFault, NewBan},
    staff::bans::BanTerms,
};
use kortisto_store::entities::{audit_values, bans};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{BRANCH_EAST, Device, PatronSeed, Staff, TestPatron, new_id},
};
use prost_types::Timestamp;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use tokio::time::{Duration, Instant};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};
use wire::{ban_service_client::BanServiceClient, relation_service_client::RelationServiceClient};

type Client = BanServiceClient<InterceptedService<Channel, kortisto_testkit::register::Bearer>>;

fn client(staff: &Staff) -> Client {
    BanServiceClient::new(staff.channel())
}

fn at(instant: DateTime<Utc>) -> Option<Timestamp> {
    let nanos = instant.timestamp_subsec_nanos().try_into().unwrap();
    Some(Timestamp { seconds: instant.timestamp(), nanos })
}

/// A use ban of the main branch that keeps the law.
fn use_ban(t: &TestRegister) -> wire::BanTerms {
    wire::BanTerms {
        kind: wire::BanKind::Use.into(),
        branch: "main".to_owned(),
        ends_at: at(t.clock.now() + TimeDelta::days(30)),
        grounds: "Repeated and substantial disturbance on 3 and 4 May.".to_owned(),
        decision_maker: "Library director".to_owned(),
        heard: "Denied everything.\nDid not want to say more.".to_owned(),
        appeal: "A claim for correction within 14 days of the notice.".to_owned(),
        ..Default::default()
    }
}

async fn place(staff: &Staff, patron: &TestPatron, terms: wire::BanTerms) -> Result<i64, Status> {
    let patron_number = patron.number.clone();
    let request = wire::PlaceBanRequest { request_id: new_id(), patron_number, terms: Some(terms) };
    Ok(client(staff).place_ban(request).await?.into_inner().ban_id)
}

async fn lift(staff: &Staff, ban_id: i64) -> Result<(), Status> {
    let reason = "Settled.".to_owned();
    let request = wire::LiftBanRequest { request_id: new_id(), ban_id, reason };
    client(staff).lift_ban(request).await.map(|_| ())
}

async fn list(staff: &Staff, patron: &TestPatron, include_past: bool) -> Vec<wire::Ban> {
    let request = wire::ListBansRequest {
        patron_number: patron.number.clone(),
        purpose: wire::Purpose::CustomerService.into(),
        include_past,
        ..Default::default()
    };
    client(staff).list_bans(request).await.unwrap().into_inner().bans
}

async fn door(device: &Device, patron: &TestPatron) -> Vec<RefusalReason> {
    let answer = device.ask_door(&patron.card, None, "door").await.unwrap();
    answer.refusals.iter().map(Refusal::reason).collect()
}

async fn borrow(t: &TestRegister, kiosk: &Device, patron: &TestPatron) -> Vec<RefusalReason> {
    let token = kiosk.sign_in(&patron.card, patron.pin).await;
    let answer = kiosk.checkout(&token, &t.item().await.barcode).await.unwrap();
    answer.refusals.iter().map(Refusal::reason).collect()
}

on_both_engines! {
    async fn a_lending_ban_stops_the_kiosk_not_the_door_and_ends_by_itself(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::Desk]).await, t.patron().await);
        let (kiosk, entrance) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::Door).await);
        let now = t.clock.now();
        let (starts_at, ends_at) = (at(now + TimeDelta::seconds(5)), at(now + TimeDelta::seconds(10)));
        place(&staff, &patron, wire::BanTerms { starts_at, ends_at, ..lending_ban() }).await.unwrap();
        let state = |bans: &[wire::Ban]| bans.iter().map(wire::Ban::state).collect::<Vec<_>>();
        assert_eq!(state(&list(&staff, &patron, false).await), [wire::BanState::Ahead]);
        assert_eq!(borrow(&t, &kiosk, &patron).await, []);
        t.clock.advance(TimeDelta::seconds(5));
        assert_eq!(state(&list(&staff, &patron, false).await), [wire::BanState::InForce]);
        assert_eq!(borrow(&t, &kiosk, &patron).await, [RefusalReason::LendingBan]);
        assert_eq!(door(&entrance, &patron).await, []);
        t.clock.advance(TimeDelta::seconds(5));
        assert_eq!(borrow(&t, &kiosk, &patron).await, []);
        assert_eq!(list(&staff, &patron, false).await, []);
        assert_eq!(state(&list(&staff, &patron, true).await), [wire::BanState::Ended]);
        t.probe().await;
    }

    async fn a_use_ban_keeps_the_law_and_closes_one_library(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::Desk]).await, t.patron().await);
        let month = t.clock.now() + TimeDelta::days(30);
        let broken = [
            ("terms.branch", wire::BanTerms { branch: String::new(), ..use_ban(&t) }),
            ("terms.ends_at", wire::BanTerms { ends_at: None, ..use_ban(&t) }),
            ("terms.ends_at", wire::BanTerms { ends_at: at(month + TimeDelta::microseconds(1)), ..use_ban(&t) }),
            ("terms.ends_at", wire::BanTerms { ends_at: at(t.clock.now()), ..use_ban(&t) }),
            ("terms.starts_at", wire::BanTerms { starts_at: at(month), ends_at: None, ..use_ban(&t) }),
            ("terms.decision_maker", wire::BanTerms { decision_maker: String::new(), ..use_ban(&t) }),
            ("terms.heard", wire::BanTerms { heard: String::new(), ..use_ban(&t) }),
            ("terms.appeal", wire::BanTerms { appeal: String::new(), ..use_ban(&t) }),
            ("terms.grounds", wire::BanTerms { grounds: String::new(), ..use_ban(&t) }),
            ("terms.kind", wire::BanTerms { kind: 9, ..use_ban(&t) }),
        ];
        for (field, terms) in broken {
            let status = place(&staff, &patron, terms).await.unwrap_err();
            let (reason, metadata) = fault(&status);
            assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, field), "{status:?}");
        }
        assert_eq!(list(&staff, &patron, true).await, []);
        t.policy("ban.use_days_max", "14").await;
        assert!(place(&staff, &patron, use_ban(&t)).await.is_err(), "the policy allows 14 days");
        let fortnight = at(t.clock.now() + TimeDelta::days(14));
        place(&staff, &patron, wire::BanTerms { ends_at: fortnight, ..use_ban(&t) }).await.unwrap();

        let here = t.device(DeviceKind::Door).await;
        let elsewhere = t.device_at(DeviceKind::Door, BRANCH_EAST, "east").await;
        assert_eq!(door(&here, &patron).await, [RefusalReason::UseBan]);
        assert_eq!(door(&elsewhere, &patron).await, []);
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        assert_eq!(borrow(&t, &kiosk, &patron).await, [RefusalReason::UseBan]);
    }

    async fn a_self_service_ban_is_for_one_branch_or_all(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, here) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::Door).await);
        let elsewhere = t.device_at(DeviceKind::Door, BRANCH_EAST, "east").await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let kind = wire::BanKind::SelfService.into();
        for (branch, closed) in [("east", [false, true]), ("", [true, true])] {
            let patron = t.patron().await;
            let terms = wire::BanTerms { kind, branch: branch.to_owned(), ..lending_ban() };
            place(&staff, &patron, terms).await.unwrap();
            let refused = [door(&here, &patron).await, door(&elsewhere, &patron).await];
            for (reasons, closed) in refused.into_iter().zip(closed) {
                let expected: &[_] = if closed { &[RefusalReason::SelfServiceBan] } else { &[] };
                assert_eq!(reasons, expected, "{branch:?}");
            }
            assert_eq!(borrow(&t, &kiosk, &patron).await, [], "a ban at the door does not stop lending");
        }
        let nowhere = wire::BanTerms { kind, branch: "west".to_owned(), ..lending_ban() };
        let status = place(&staff, &t.patron().await, nowhere).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::NotFound);
    }

    async fn a_batch_bans_all_or_nobody(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Billing]).await;
        let patrons = [t.patron().await, t.patron().await, t.patron().await];
        let batch = async |numbers: Vec<&str>, terms: wire::BanTerms| {
            let patron_numbers = numbers.into_iter().map(str::to_owned).collect();
            let request = wire::PlaceBansRequest { request_id: new_id(), patron_numbers, terms: Some(terms) };
            client(&staff).place_bans(request).await.map(tonic::Response::into_inner)
        };
        let numbers: Vec<&str> = patrons.iter().rev().map(|patron| patron.number.as_str()).collect();
        let unknown = [numbers.clone(), vec!["nobody"]].concat();
        assert_eq!(reason(&batch(unknown, lending_ban()).await.unwrap_err()), ErrorReason::NotFound);
        let twice = [numbers.clone(), vec![numbers[0]]].concat();
        assert_eq!(reason(&batch(twice, lending_ban()).await.unwrap_err()), ErrorReason::FieldInvalid);
        assert_eq!(reason(&batch(vec![], lending_ban()).await.unwrap_err()), ErrorReason::FieldInvalid);
        let many = vec!["x"; 101];
        assert_eq!(reason(&batch(many, lending_ban()).await.unwrap_err()), ErrorReason::FieldInvalid);
        let individual = batch(numbers.clone(), use_ban(&t)).await.unwrap_err();
        assert_eq!(fault(&individual).1["field"], "terms.kind");
        assert_eq!(bans::Entity::find().count(t.store.writer()).await.unwrap(), 0);

        let placed = batch(numbers, lending_ban()).await.unwrap();
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        for (patron, ban_id) in patrons.iter().rev().zip(&placed.ban_ids) {
            let bans = list(&staff, patron, false).await;
            assert_eq!((bans[0].ban_id, bans[0].batch_id.as_str()), (*ban_id, placed.batch_id.as_str()));
            assert_eq!(bans[0].placed_by, format!("staff:{}", staff.id));
            assert_eq!(borrow(&t, &kiosk, patron).await, [RefusalReason::LendingBan]);
        }
    }

    async fn a_lifted_ban_keeps_who_and_why(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::Desk]).await, t.patron().await);
        let entrance = t.device(DeviceKind::Door).await;
        let ban_id = place(&staff, &patron, use_ban(&t)).await.unwrap();
        assert_eq!(door(&entrance, &patron).await, [RefusalReason::UseBan]);
        t.clock.advance(TimeDelta::seconds(1));
        lift(&staff, ban_id).await.unwrap();
        assert_eq!(door(&entrance, &patron).await, []);
        assert_eq!(reason(&lift(&staff, ban_id).await.unwrap_err()), ErrorReason::RuleBroken);
        assert_eq!(reason(&lift(&staff, ban_id + 1).await.unwrap_err()), ErrorReason::NotFound);

        let ask = || wire::GetBanRequest { ban_id, purpose: wire::Purpose::CustomerService.into() };
        let shown = client(&staff).get_ban(ask()).await.unwrap().into_inner();
        let ban = shown.ban.unwrap();
        assert_eq!(ban.state(), wire::BanState::Lifted);
        assert_eq!((ban.lifted_by, ban.lifted_at), (format!("staff:{}", staff.id), at(t.clock.now())));
        assert_eq!((shown.patron_number, shown.lift_reason), (patron.number.clone(), "Settled.".to_owned()));
        assert_eq!(shown.grounds, use_ban(&t).grounds);
        assert_eq!(shown.heard, use_ban(&t).heard);
        let billing = t.staff(&[StaffRole::Billing]).await;
        let status = client(&billing).get_ban(ask()).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::DutyForbidden);
        let grounds = audit_values::Entity::find()
            .filter(audit_values::Column::NewValue.contains("disturbance"))
            .count(t.store.writer())
            .await;
        assert_eq!(grounds.unwrap(), 0, "the grounds stand on the ban alone");

        let ended = place(&staff, &patron, wire::BanTerms {
            ends_at: at(t.clock.now() + TimeDelta::seconds(1)), ..lending_ban()
        }).await.unwrap();
        t.clock.advance(TimeDelta::seconds(1));
        assert_eq!(reason(&lift(&staff, ended).await.unwrap_err()), ErrorReason::RuleBroken);
    }

    async fn bans_come_in_pages(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::Desk]).await, t.patron().await);
        let mut placed = Vec::new();
        for _ in 0..5 {
            placed.push(place(&staff, &patron, lending_ban()).await.unwrap());
        }
        placed.reverse();
        let (mut seen, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = wire::ListBansRequest {
                patron_number: patron.number.clone(),
                purpose: wire::Purpose::LendingControl.into(),
                page_size: 2,
                page_token,
                ..Default::default()
            };
            let page = client(&staff).list_bans(request).await.unwrap().into_inner();
            assert!(page.bans.len() <= 2);
            seen.extend(page.bans.into_iter().map(|ban| ban.ban_id));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, placed);
    }

    async fn the_operator_keeps_the_same_rules(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let patron = t.patron().await;
        let terms = BanTerms {
            kind: BanKind::Use,
            branch: Some("main".to_owned()),
            starts_at: None,
            ends_at: Some(t.clock.now() + TimeDelta::days(30)),
            grounds: "test".to_owned(),
            decision_maker: Some("test".to_owned()),
            heard: Some("test".to_owned()),
            appeal: None,
        };
        let ban = |terms| NewBan { card_number: patron.card.clone(), terms };
        let deadline = Instant::now() + Duration::from_secs(5);
        let place = |ban| operator::place(&t.store, &t.surroundings, ban, deadline);
        let refused = place(ban(terms.clone())).await.unwrap_err();
        assert!(matches!(refused, BanFault::Rule { field: "terms.appeal", .. }), "{refused:?}");
        let nowhere = BanTerms { branch: Some("west".to_owned()), ..terms.clone() };
        assert_eq!(place(ban(nowhere)).await.unwrap_err(), BanFault::NoBranch);
        place(ban(BanTerms { appeal: Some("test".to_owned()), ..terms })).await.unwrap();
        let reason = Some("settled".to_owned());
        let card = patron.card.clone();
        let lifted = operator::lift(&t.store, &t.surroundings, card, BanKind::Use, reason, deadline).await;
        assert_eq!(lifted.unwrap(), 1);
    }

    async fn a_right_is_granted_and_withdrawn(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, entrance) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::Door).await);
        t.policy("self_service.grant_mode", "written_contract").await;
        let patron = t.patron_with(PatronSeed { right: None, ..PatronSeed::default() }).await;
        let missing = [RefusalReason::SelfServiceRightMissing];
        assert_eq!(door(&entrance, &patron).await, missing);
        let grant = |kind: wire::RightKind, contract: &str| wire::GrantSelfServiceRightRequest {
            request_id: new_id(),
            patron_number: patron.number.clone(),
            kind: kind.into(),
            contract: contract.to_owned(),
            ..Default::default()
        };
        let mut desk = client(&staff);
        let without = desk.grant_self_service_right(grant(wire::RightKind::WrittenContract, "")).await;
        assert_eq!(fault(&without.unwrap_err()).1["field"], "contract");
        desk.grant_self_service_right(grant(wire::RightKind::Registered, "")).await.unwrap();
        assert_eq!(door(&entrance, &patron).await, missing, "the policy wants a contract");
        let contract = grant(wire::RightKind::WrittenContract, "2026/17");
        let right_id = desk.grant_self_service_right(contract).await.unwrap().into_inner().right_id;
        assert_eq!(door(&entrance, &patron).await, []);
        let again = desk.grant_self_service_right(grant(wire::RightKind::WrittenContract, "2026/18")).await;
        assert_eq!(reason(&again.unwrap_err()), ErrorReason::Duplicate);
        let withdraw = || wire::WithdrawSelfServiceRightRequest {
            request_id: new_id(), right_id, reason: "Let others in.".to_owned(),
        };
        desk.withdraw_self_service_right(withdraw()).await.unwrap();
        assert_eq!(door(&entrance, &patron).await, missing);
        let again = desk.withdraw_self_service_right(withdraw()).await.unwrap_err();
        assert_eq!(reason(&again), ErrorReason::RuleBroken);
        let request = wire::ListSelfServiceRightsRequest {
            patron_number: patron.number.clone(),
            purpose: wire::Purpose::CustomerService.into(),
            ..Default::default()
        };
        let rights = desk.list_self_service_rights(request).await.unwrap().into_inner().rights;
        let states: Vec<_> = rights.iter().map(|right| (right.kind(), right.state())).collect();
        assert_eq!(states, [
            (wire::RightKind::WrittenContract, wire::RightState::Withdrawn),
            (wire::RightKind::Registered, wire::RightState::InForce),
        ]);
        assert_eq!(rights[0].contract, "2026/17");
        assert!(right_of(&t, &patron).await > 0);
    }

    async fn a_child_comes_in_as_long_as_a_guardian_consents(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, entrance) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::Door).await);
        let (ward, guardian) = (child(&t).await, t.patron().await);
        let missing = [RefusalReason::GuardianConsentMissing];
        assert_eq!(door(&entrance, &ward).await, missing);
        let mut beside = RelationServiceClient::new(staff.channel());
        let consent = |about: wire::ConsentPurpose| wire::RecordConsentRequest {
            request_id: new_id(),
            patron_number: ward.number.clone(),
            about: about.into(),
            state: wire::ConsentState::Granted.into(),
            form: wire::ConsentForm::InPerson.into(),
            text_version: "2026-1".to_owned(),
            given_by_number: guardian.number.clone(),
        };
        let stranger = beside.record_consent(consent(wire::ConsentPurpose::SelfService)).await.unwrap_err();
        assert_eq!(fault(&stranger).1["field"], "given_by_number");
        relate(&t, &ward, &guardian, RelationKind::Guardian).await;
        let mut record = async |about| beside.record_consent(consent(about)).await.unwrap().into_inner().consent_id;
        let to_card = record(wire::ConsentPurpose::Card).await;
        let to_enter = record(wire::ConsentPurpose::SelfService).await;
        let grant = |consent_id| wire::GrantSelfServiceRightRequest {
            request_id: new_id(),
            patron_number: ward.number.clone(),
            kind: i32::from(RightKind::GuardianConsent.code()),
            consent_id,
            ..Default::default()
        };
        let mut desk = client(&staff);
        for wrong in [0, to_card, to_enter + 100] {
            let status = desk.grant_self_service_right(grant(wrong)).await.unwrap_err();
            assert_eq!(fault(&status).1["field"], "consent_id", "{wrong}");
        }
        desk.grant_self_service_right(grant(to_enter)).await.unwrap();
        assert_eq!(door(&entrance, &ward).await, []);
        let request = wire::WithdrawConsentRequest { request_id: new_id(), consent_id: to_enter };
        let withdrawn = beside.withdraw_consent(request).await.unwrap().into_inner();
        assert_eq!(withdrawn.withdrawn_rights, 1);
        assert_eq!(door(&entrance, &ward).await, missing);
        assert!(desk.grant_self_service_right(grant(to_enter)).await.is_err(), "it has been withdrawn");
    }
}
