//! When a guardian's session for a child ends: never after the guardian's own, nor after the child's 15th birthday.

use super::{born, listed, open, open_as, reasons, ward_born, ward_of};
use chrono::{NaiveDate, TimeDelta};
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{ChangePinRequest, EndPatronSessionRequest, ListLoansRequest},
    staff::v1::{
        self as wire, card_service_client::CardServiceClient, patron_service_client::PatronServiceClient,
        pin_service_client::PinServiceClient, relation_service_client::RelationServiceClient,
    },
};
use kortisto_domain::{DeviceKind, StaffRole};
use kortisto_store::entities::patron_sessions;
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Device, TestPatron, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};

/// Why the session of this token does nothing more; empty while it runs.
async fn over(web: &Device, token: &str) -> Vec<RefusalReason> {
    let request = ListLoansRequest { patron_token: token.to_owned(), ..Default::default() };
    reasons(&web.loans().list_loans(request).await.unwrap().into_inner().refusals)
}

async fn end(web: &Device, token: &str) {
    let request = EndPatronSessionRequest { request_id: new_id(), patron_token: token.to_owned() };
    web.patrons().end_patron_session(request).await.unwrap();
}

/// A guardian who is signed in, and a session for a child.
struct Pair {
    guardian: TestPatron,
    ward: TestPatron,
    relation: i64,
    own: String,
    as_ward: String,
}

async fn pair(t: &TestRegister, web: &Device) -> Pair {
    let guardian = t.patron().await;
    let (ward, relation) = ward_of(t, &guardian).await;
    let own = web.sign_in(&guardian.card, guardian.pin).await;
    let as_ward = open(web, &own, relation).await.unwrap();
    assert_eq!(over(web, &as_ward).await, []);
    Pair { guardian, ward, relation, own, as_ward }
}

const ENDED: [RefusalReason; 1] = [RefusalReason::SessionEnded];

/// A session opened two minutes before the local midnight with which a day begins, and that it ends with that.
async fn ends_with(t: &TestRegister, web: &Device, born: NaiveDate, grown: NaiveDate) {
    let midnight = t.surroundings.moment().start_of(grown);
    t.clock.set(midnight - TimeDelta::minutes(2));
    let guardian = t.patron().await;
    let (_, relation) = ward_born(t, &guardian, Some(born)).await;
    let own = web.sign_in(&guardian.card, guardian.pin).await;
    let answer = open_as(&new_id(), web, &own, relation).await;
    let ends_at = answer.token_expires_at.unwrap();
    assert_eq!((ends_at.seconds, ends_at.nanos), (midnight.timestamp(), 0), "born {born}");
    t.clock.set(midnight - TimeDelta::microseconds(1));
    assert_eq!(over(web, &answer.patron_token).await, [], "born {born}");
    t.clock.set(midnight);
    assert_eq!(over(web, &answer.patron_token).await, ENDED, "born {born}");
    assert_eq!(over(web, &own).await, [], "the guardian's own runs on");
    assert_eq!(listed(web, &own).await, Vec::<i64>::new());
    assert_eq!(open(web, &own, relation).await, Err(vec![RefusalReason::NotInCare]));
}

on_both_engines! {
    async fn it_ends_at_local_midnight_of_the_fifteenth_birthday(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let birthday = t.surroundings.moment().today() + TimeDelta::days(2);
        ends_with(&t, &web, born(birthday, 15), birthday).await;
        // Born on 29 February: 15 on the last day of February.
        let [leap, grown] = ["2012-02-29", "2027-02-28"].map(|day| day.parse().unwrap());
        ends_with(&t, &web, leap, grown).await;
    }

    async fn it_ends_when_the_guardians_session_would(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let guardian = t.patron().await;
        let (_, relation) = ward_of(&t, &guardian).await;
        let own = web.sign_in(&guardian.card, guardian.pin).await;
        t.clock.advance(TimeDelta::minutes(3));
        let as_ward = open(&web, &own, relation).await.unwrap();
        t.clock.advance(TimeDelta::seconds(119));
        assert_eq!(over(&web, &as_ward).await, []);
        t.clock.advance(TimeDelta::seconds(1));
        assert_eq!(over(&web, &as_ward).await, ENDED);
        assert_eq!(open(&web, &own, relation).await, Err(ENDED.to_vec()));
    }

    async fn it_is_bound_to_the_device(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let pair = pair(&t, &web).await;
        let other = t.device(DeviceKind::OnlineLibrary).await;
        assert_eq!(over(&other, &pair.as_ward).await, ENDED);
        assert_eq!(open(&other, &pair.own, pair.relation).await, Err(ENDED.to_vec()));
    }

    async fn the_guardian_ends_it_by_going_and_the_childs_own_runs_on(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let pair = pair(&t, &web).await;
        let childs_own = web.sign_in(&pair.ward.card, pair.ward.pin).await;
        let (_, second) = ward_of(&t, &pair.guardian).await;
        let as_second = open(&web, &pair.own, second).await.unwrap();
        end(&web, &as_second).await;
        assert_eq!((over(&web, &as_second).await, over(&web, &pair.as_ward).await), (ENDED.to_vec(), vec![]));
        assert_eq!(over(&web, &pair.own).await, [], "ending one for a child ends that alone");
        let id = new_id();
        let replayed = open_as(&id, &web, &pair.own, pair.relation).await;
        end(&web, &pair.own).await;
        assert_eq!(over(&web, &pair.as_ward).await, ENDED);
        assert_eq!(over(&web, &childs_own).await, []);
        // The answer stays the same, and the token is worth nothing any more.
        assert_eq!(open_as(&id, &web, &pair.own, pair.relation).await, replayed);
        assert_eq!(over(&web, &replayed.patron_token).await, ENDED);
        assert_eq!(open(&web, &pair.own, pair.relation).await, Err(ENDED.to_vec()));
    }

    async fn a_new_pin_of_either_ends_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        for of_guardian in [true, false] {
            let pair = pair(&t, &web).await;
            let who = if of_guardian { &pair.guardian } else { &pair.ward };
            let request = ChangePinRequest {
                request_id: new_id(),
                card_number: who.card.clone(),
                pin: who.pin.to_owned(),
                new_pin: "739518".to_owned(),
            };
            let answer = web.patrons().change_pin(request).await.unwrap().into_inner();
            assert_eq!(answer.verdict(), Verdict::Granted);
            assert_eq!(over(&web, &pair.as_ward).await, ENDED, "of the guardian: {of_guardian}");
        }
    }

    async fn whatever_staff_do_to_the_guardians_sessions_ends_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        for act in ["block", "reset", "switch off"] {
            let pair = pair(&t, &web).await;
            let (request_id, card_number) = (new_id(), pair.guardian.card.clone());
            match act {
                "block" => {
                    let reason = "Reported.".to_owned();
                    let request = wire::BlockCardRequest { request_id, card_number, reason };
                    CardServiceClient::new(staff.channel()).block_card(request).await.map(drop)
                }
                "reset" => {
                    let identity_document = wire::IdentityDocument::Passport.into();
                    let request = wire::ResetPinRequest { request_id, card_number, identity_document };
                    PinServiceClient::new(staff.channel()).reset_pin(request).await.map(drop)
                }
                _ => {
                    let service = wire::ServiceInUse {
                        service: wire::Service::OnlineLibrary.into(),
                        enabled: false,
                        ..Default::default()
                    };
                    let number = pair.guardian.number.clone();
                    let request = wire::SetServiceInUseRequest { request_id, number, service: Some(service) };
                    PatronServiceClient::new(staff.channel()).set_service_in_use(request).await.map(drop)
                }
            }
            .unwrap();
            assert_eq!(over(&web, &pair.as_ward).await, ENDED, "{act}");
        }
    }

    async fn the_end_of_the_relation_ends_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let pair = pair(&t, &web).await;
        let (_, other) = ward_of(&t, &pair.guardian).await;
        let as_other = open(&web, &pair.own, other).await.unwrap();
        let request = wire::EndRelationRequest {
            request_id: new_id(),
            relation_id: pair.relation,
            reason: "Custody has changed.".to_owned(),
        };
        RelationServiceClient::new(staff.channel()).end_relation(request).await.unwrap();
        assert_eq!(over(&web, &pair.as_ward).await, ENDED);
        assert_eq!(open(&web, &pair.own, pair.relation).await, Err(vec![RefusalReason::NotInCare]));
        assert_eq!((over(&web, &as_other).await, over(&web, &pair.own).await), (vec![], vec![]));
        assert_eq!(listed(&web, &pair.own).await, [other]);
    }

    async fn a_replay_opens_one_session(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let guardian = t.patron().await;
        let (ward, relation) = ward_of(&t, &guardian).await;
        let own = web.sign_in(&guardian.card, guardian.pin).await;
        let id = new_id();
        for _ in 0..2 {
            let answer = open_as(&id, &web, &own, relation).await;
            assert_eq!(over(&web, &answer.patron_token).await, []);
        }
        let of_ward = patron_sessions::Entity::find().filter(patron_sessions::Column::PatronId.eq(ward.id));
        assert_eq!(of_ward.count(t.store.writer()).await.unwrap(), 1);
        t.probe().await;
    }
}
