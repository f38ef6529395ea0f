//! For whom a guardian may act, and what can be done in the child's place.

use super::{born, listed, open, open_as, reasons, ward_born, ward_of, wards};
use chrono::TimeDelta;
use kortisto::{
    common::v1::{RefusalReason, Verdict},
    device::v1::{ListFeesRequest, ListHoldsRequest, ListLoansRequest, RenewAllRequest},
};
use kortisto_domain::{CardState, DeviceKind, PatronState, RelationKind, Service};
use kortisto_store::entities::{audit, relations};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{PatronSeed, new_id},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};

/// The day on which a relation was made to end, or to begin.
async fn set_days(t: &TestRegister, relation: i64, change: impl FnOnce(&mut relations::ActiveModel)) {
    let mut row = relations::ActiveModel { id: Set(relation), ..Default::default() };
    change(&mut row);
    row.update(t.store.writer()).await.unwrap();
}

on_both_engines! {
    async fn a_guardian_sees_the_children_in_care_under_fifteen(engine: Engine) {
        let t = TestRegister::start(engine).await;
        t.policy("guardian.end_age", "18").await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let (guardian, today) = (t.patron().await, t.surroundings.moment().today());
        let token = web.sign_in(&guardian.card, guardian.pin).await;
        assert_eq!(listed(&web, &token).await, Vec::<i64>::new());
        let (_, young) = ward_of(&t, &guardian).await;
        let (_, fourteen) = ward_born(&t, &guardian, Some(born(today + TimeDelta::days(1), 15))).await;
        let (_, fifteen) = ward_born(&t, &guardian, Some(born(today, 15))).await;
        let (_, unknown) = ward_born(&t, &guardian, None).await;
        let (_, lapsed) = ward_of(&t, &guardian).await;
        set_days(&t, lapsed, |row| row.valid_until = Set(Some(today - TimeDelta::days(1)))).await;
        let (_, ahead) = ward_of(&t, &guardian).await;
        set_days(&t, ahead, |row| row.valid_from = Set(today + TimeDelta::days(1))).await;
        let (_, ended) = ward_of(&t, &guardian).await;
        set_days(&t, ended, |row| row.ended_at = Set(Some(t.clock.now()))).await;
        let (restricted, hidden) = ward_of(&t, &guardian).await;
        t.set_patron(&restricted, |row| row.state = Set(PatronState::Restricted.code())).await;
        let other = t.patron_with(PatronSeed { born: Some(born(today, 9)), ..PatronSeed::default() }).await;
        let guarantor = t.relate(&other, &guardian, RelationKind::Guarantor).await;
        let (_, strange) = ward_of(&t, &t.patron().await).await;

        assert_eq!(listed(&web, &token).await, [young, fourteen]);
        let list = wards(&web, &token, "", 1).await;
        assert_eq!((list.wards.len(), list.wards[0].ward_name.as_str()), (1, "Aino"));
        let rest = wards(&web, &token, &list.next_page_token, 1).await;
        assert_eq!((rest.wards[0].relation_id, rest.next_page_token.as_str()), (fourteen, ""));

        for relation in [young, fourteen] {
            assert!(open(&web, &token, relation).await.is_ok());
        }
        for relation in [fifteen, unknown, lapsed, ahead, ended, guarantor, strange, i64::MAX] {
            let refused = open(&web, &token, relation).await;
            assert_eq!(refused, Err(vec![RefusalReason::NotInCare]), "{relation}");
        }
        assert_eq!(open(&web, &token, hidden).await, Err(vec![RefusalReason::CardNotInForce]));
    }

    async fn a_policy_may_end_it_earlier(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let guardian = t.patron().await;
        let (_, relation) = ward_of(&t, &guardian).await;
        let token = web.sign_in(&guardian.card, guardian.pin).await;
        assert_eq!(listed(&web, &token).await, [relation]);
        t.policy("guardian.end_age", "9").await;
        assert_eq!(listed(&web, &token).await, Vec::<i64>::new());
        assert_eq!(open(&web, &token, relation).await, Err(vec![RefusalReason::NotInCare]));
    }

    async fn a_guardian_handles_loans_and_holds_in_the_childs_place(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (kiosk, web) = (t.device(DeviceKind::SelfCheckout).await, t.device(DeviceKind::OnlineLibrary).await);
        let guardian = t.patron().await;
        let (ward, relation) = ward_of(&t, &guardian).await;
        let (item, title) = (t.item().await, t.title_number(&t.item().await).await);
        let at_kiosk = kiosk.sign_in(&ward.card, ward.pin).await;
        kiosk.checkout(&at_kiosk, &item.barcode).await.unwrap();
        t.make_due(&item, t.surroundings.moment().today() + TimeDelta::days(1)).await;
        t.fee(ward.id, 100).await;
        let token = web.sign_in(&guardian.card, guardian.pin).await;
        let as_ward = open(&web, &token, relation).await.unwrap();

        let request = ListLoansRequest { patron_token: as_ward.clone(), ..Default::default() };
        let loans = web.loans().list_loans(request.clone()).await.unwrap().into_inner();
        assert_eq!(loans.loans[0].loan.as_ref().unwrap().item_barcode, item.barcode);
        let own = ListLoansRequest { patron_token: token.clone(), ..request };
        assert!(web.loans().list_loans(own).await.unwrap().into_inner().loans.is_empty());
        assert_eq!(web.renew(&as_ward, &item.barcode).await.unwrap().verdict(), Verdict::Granted);
        let all = RenewAllRequest { request_id: new_id(), patron_token: as_ward.clone() };
        let all = web.loans().renew_all(all).await.unwrap().into_inner();
        assert_eq!(reasons(&all.refusals), [RefusalReason::RenewalTooEarly]);

        let hold = web.place_hold(&as_ward, &title, "main").await.unwrap().hold.unwrap();
        let holds = ListHoldsRequest { patron_token: as_ward.clone(), ..Default::default() };
        let holds = web.holds().list_holds(holds).await.unwrap().into_inner();
        assert_eq!(holds.pending[0].hold_id, hold.hold_id);
        let cancelled = web.cancel_hold(&as_ward, hold.hold_id.parse().unwrap()).await.unwrap();
        assert_eq!(cancelled.verdict(), Verdict::Granted);
        let fees = ListFeesRequest { patron_token: as_ward.clone(), ..Default::default() };
        let fees = web.fees().list_fees(fees).await.unwrap().into_inner();
        assert_eq!((fees.fees.len(), fees.fees[0].of_ward), (1, false));

        // What is for the child alone, and what only a guardian's own session does.
        assert_eq!(open(&web, &as_ward, relation).await, Err(vec![RefusalReason::PatronAlone]));
        let list = wards(&web, &as_ward, "", 0).await;
        assert_eq!(reasons(&list.refusals), [RefusalReason::PatronAlone]);
        t.probe().await;
    }

    async fn the_childs_newest_card_in_force_is_used(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let guardian = t.patron().await;
        let token = web.sign_in(&guardian.card, guardian.pin).await;
        let today = t.surroundings.moment().today();
        let of_child = PatronSeed { born: Some(born(today, 9)), ..PatronSeed::default() };
        let lost = PatronSeed { card_state: CardState::Lost, ..of_child.clone() };
        let (lost, without) = (t.patron_with(lost).await, t.patron_with(of_child).await);
        t.take_cards(&without).await;
        for ward in [&lost, &without] {
            let relation = t.relate(ward, &guardian, RelationKind::Guardian).await;
            assert_eq!(open(&web, &token, relation).await, Err(vec![RefusalReason::CardNotInForce]));
        }
        let (expired, relation) = ward_of(&t, &guardian).await;
        t.set_patron(&expired, |row| row.valid_until = Set(Some(today - TimeDelta::days(1)))).await;
        assert_eq!(open(&web, &token, relation).await, Err(vec![RefusalReason::CardExpired]));
        let (off, relation) = ward_of(&t, &guardian).await;
        t.switch_off(&off, Service::OnlineLibrary).await;
        assert_eq!(open(&web, &token, relation).await, Err(vec![RefusalReason::ServiceSwitchedOff]));
    }

    async fn both_are_named_in_the_trail_and_a_replay_gives_the_same_token(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let web = t.device(DeviceKind::OnlineLibrary).await;
        let (guardian, stranger) = (t.patron().await, t.patron().await);
        let (ward, relation) = ward_of(&t, &guardian).await;
        let token = web.sign_in(&guardian.card, guardian.pin).await;
        let id = new_id();
        let first = open_as(&id, &web, &token, relation).await;
        assert_eq!(open_as(&id, &web, &token, relation).await, first);
        let of_request = async |id: &str| {
            let of_request = audit::Column::RequestId.eq(id.parse::<uuid::Uuid>().unwrap());
            let rows = audit::Entity::find().filter(of_request).all(t.store.writer()).await.unwrap();
            let mut subjects: Vec<_> = rows.iter().map(|row| row.subject.unwrap()).collect();
            subjects.sort_unstable();
            subjects
        };
        let mut both = vec![guardian.pseudonym, ward.pseudonym];
        both.sort_unstable();
        assert_eq!(of_request(&id).await, both);
        // Of a child who is not in the asker's care nothing is written.
        let strange = web.sign_in(&stranger.card, stranger.pin).await;
        let id = new_id();
        open_as(&id, &web, &strange, relation).await;
        assert_eq!(of_request(&id).await, [stranger.pseudonym]);
    }
}
