//! Those beside a patron: how relations begin and end, and what of a ward reaches the guardian.

use super::questions::relations::{child, relate};
use crate::coverage::rpc::{fault, reason};
use chrono::{Months, TimeDelta};
use kortisto::{
    common::v1::{ErrorReason, Refusal, RefusalReason},
    staff::v1 as wire,
};
use kortisto_domain::{BanKind, DeviceKind, PatronCategory, RelationKind, StaffRole};
use kortisto_store::entities::{audit, fees, open_loans};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Bearer, Device, PatronSeed, Staff, TestPatron, new_id},
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, sea_query::Expr};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};
use wire::{
    RelationKind::{Guarantor, Guardian, ResponsiblePerson},
    relation_service_client::RelationServiceClient,
};

fn client(staff: &Staff) -> RelationServiceClient<InterceptedService<Channel, Bearer>> {
    RelationServiceClient::new(staff.channel())
}

async fn add(
    staff: &Staff,
    ward: &TestPatron,
    other: &TestPatron,
    kind: wire::RelationKind,
) -> Result<i64, Status> {
    let request = wire::AddRelationRequest {
        request_id: new_id(),
        ward_number: ward.number.clone(),
        other_number: other.number.clone(),
        kind: kind.into(),
        ..Default::default()
    };
    Ok(client(staff).add_relation(request).await?.into_inner().relation_id)
}

async fn end(staff: &Staff, relation_id: i64) -> Result<(), Status> {
    let reason = "Custody has changed.".to_owned();
    let request = wire::EndRelationRequest { request_id: new_id(), relation_id, reason };
    client(staff).end_relation(request).await.map(|_| ())
}

async fn list(staff: &Staff, patron: &TestPatron, purpose: wire::Purpose) -> Vec<wire::Relation> {
    let request = wire::ListRelationsRequest {
        patron_number: patron.number.clone(),
        purpose: purpose.into(),
        ..Default::default()
    };
    client(staff).list_relations(request).await.unwrap().into_inner().relations
}

async fn borrow(t: &TestRegister, kiosk: &Device, patron: &TestPatron) -> Vec<RefusalReason> {
    let token = kiosk.sign_in(&patron.card, patron.pin).await;
    let answer = kiosk.checkout(&token, &t.item().await.barcode).await.unwrap();
    answer.refusals.iter().map(Refusal::reason).collect()
}

/// Makes every loan of a patron fall due this many days ago.
async fn make_overdue(t: &TestRegister, patron: &TestPatron, days: i64) {
    let due = t.surroundings.moment().today() - TimeDelta::days(days);
    open_loans::Entity::update_many()
        .col_expr(open_loans::Column::DueOn, Expr::value(due))
        .filter(open_loans::Column::PatronId.eq(patron.id))
        .exec(t.store.writer())
        .await
        .unwrap();
}

on_both_engines! {
    async fn a_guardian_needs_no_card_and_stands_until_ended(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let (ward, guardian, other) = (child(&t).await, t.patron().await, t.patron().await);
        t.take_cards(&guardian).await;
        let relation = add(&staff, &ward, &guardian, Guardian).await.unwrap();
        add(&staff, &ward, &other, Guardian).await.unwrap();
        add(&staff, &ward, &other, Guarantor).await.unwrap();
        let twice = add(&staff, &ward, &guardian, Guardian).await.unwrap_err();
        assert_eq!(reason(&twice), ErrorReason::Duplicate);
        let own = add(&staff, &ward, &ward, Guardian).await.unwrap_err();
        assert_eq!(fault(&own).1["field"], "other_number");
        let grown = add(&staff, &guardian, &other, Guardian).await.unwrap_err();
        assert_eq!(fault(&grown).1["field"], "ward_number");

        let of_ward = list(&staff, &ward, wire::Purpose::CustomerService).await;
        assert_eq!(of_ward.len(), 3);
        let of_guardian = list(&staff, &guardian, wire::Purpose::SubjectAccess).await;
        assert_eq!(of_guardian.len(), 1);
        let shown = &of_guardian[0];
        assert_eq!(shown.ward.as_ref().unwrap().number, ward.number);
        assert_eq!(shown.state(), wire::RelationState::InForce);
        assert_eq!(shown.erasure_holds().collect::<Vec<_>>(), [
            wire::ErasureHold::RelationStands, wire::ErasureHold::WardIsChild,
        ]);
        // The guardian's own access is in the record of the ward too.
        let access = audit::Entity::find()
            .filter(audit::Column::Purpose.eq(kortisto_domain::Purpose::SubjectAccess.code()))
            .all(t.store.writer())
            .await
            .unwrap();
        let mut subjects: Vec<_> = access.iter().filter_map(|row| row.subject).collect();
        subjects.sort_unstable();
        let mut expected = vec![ward.pseudonym, guardian.pseudonym];
        expected.sort_unstable();
        assert_eq!(subjects, expected);

        end(&staff, relation).await.unwrap();
        assert_eq!(reason(&end(&staff, relation).await.unwrap_err()), ErrorReason::RuleBroken);
        let ended = &list(&staff, &guardian, wire::Purpose::CustomerService).await[0];
        assert_eq!(ended.state(), wire::RelationState::Dissolved);
        assert_eq!(ended.erasure_holds().collect::<Vec<_>>(), [wire::ErasureHold::WardIsChild]);
        assert_eq!((ended.ended_reason.as_str(), &ended.ended_by), ("Custody has changed.", &format!("staff:{}", staff.id)));
        t.probe().await;
    }

    async fn a_relation_ends_on_the_birthday_without_anybody(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        // Fifteen at the next local midnight.
        let tomorrow = t.surroundings.moment().today() + TimeDelta::days(1);
        let born = tomorrow.checked_sub_months(Months::new(15 * 12));
        let ward = t.patron_with(PatronSeed { born, ..PatronSeed::default() }).await;
        let guardian = t.patron().await;
        add(&staff, &ward, &guardian, Guardian).await.unwrap();
        let state = async || list(&staff, &ward, wire::Purpose::CustomerService).await[0].state();
        assert_eq!(state().await, wire::RelationState::InForce);
        t.policy("guardian.end_age", "14").await;
        let outgrown = &list(&staff, &ward, wire::Purpose::CustomerService).await[0];
        assert_eq!(outgrown.state(), wire::RelationState::Outgrown);
        assert_eq!(outgrown.erasure_holds().collect::<Vec<_>>(), [wire::ErasureHold::WardIsChild]);
    }

    async fn an_institution_keeps_a_responsible_person(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::Desk]).await;
        let seed = PatronSeed { category: PatronCategory::Institution, born: None, ..PatronSeed::default() };
        let (school, teacher, next) = (t.patron_with(seed).await, t.patron().await, t.patron().await);
        let guardian = add(&staff, &school, &teacher, Guardian).await.unwrap_err();
        assert_eq!(fault(&guardian).1["field"], "ward_number");
        let back = add(&staff, &teacher, &school, ResponsiblePerson).await.unwrap_err();
        assert_eq!(fault(&back).1["field"], "other_number");
        let first = add(&staff, &school, &teacher, ResponsiblePerson).await.unwrap();
        assert_eq!(reason(&end(&staff, first).await.unwrap_err()), ErrorReason::RuleBroken);
        add(&staff, &school, &next, ResponsiblePerson).await.unwrap();
        end(&staff, first).await.unwrap();
    }

    async fn what_blocks_a_ward_blocks_the_guardian_as_long_as_it_does(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, kiosk) = (t.staff(&[StaffRole::Desk]).await, t.device(DeviceKind::SelfCheckout).await);
        let (ward, guardian) = (child(&t).await, t.patron().await);
        let relation = relate(&t, &ward, &guardian, RelationKind::Guardian).await;
        let guarantor = t.patron().await;
        relate(&t, &ward, &guarantor, RelationKind::Guarantor).await;
        t.ban(&ward, BanKind::Lending).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, [], "the policy does not say so");
        t.policy("ban.inherit_to_guardian", "true").await;
        let blocked = [RefusalReason::WardBlocked];
        assert_eq!(borrow(&t, &kiosk, &guardian).await, blocked);
        assert_eq!(borrow(&t, &kiosk, &guarantor).await, []);
        // The guardian's own loans and fees have nothing to do with it.
        t.fee(guardian.id, 2_000).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, [RefusalReason::DebtLimit, RefusalReason::WardBlocked]);
        t.let_off(&guardian).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, blocked);
        t.end_bans(&ward, t.clock.now() + TimeDelta::seconds(1)).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, blocked);
        t.clock.advance(TimeDelta::seconds(1));
        assert_eq!(borrow(&t, &kiosk, &guardian).await, []);
        // A debt of the ward, until it is paid; then an overdue loan, until the relation ends.
        t.fee(ward.id, 1_000).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, blocked);
        t.let_off(&ward).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, []);
        t.policy("ban.overdue_days", "28").await;
        assert_eq!(borrow(&t, &kiosk, &ward).await, []);
        make_overdue(&t, &ward, 28).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, blocked);
        end(&staff, relation).await.unwrap();
        assert_eq!(borrow(&t, &kiosk, &guardian).await, []);
        t.probe().await;
    }

    async fn a_guardian_answers_for_what_a_ward_owes_until_the_age_of_the_policy(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let (ward, guardian) = (child(&t).await, t.patron().await);
        relate(&t, &ward, &guardian, RelationKind::Guardian).await;
        t.policy("ban.inherit_to_guardian", "true").await;
        t.policy("ban.overdue_days", "28").await;
        assert_eq!(borrow(&t, &kiosk, &ward).await, []);
        t.fee(ward.id, 1_000).await;
        make_overdue(&t, &ward, 28).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, [RefusalReason::WardBlocked]);
        // The ward is ten, and answers for itself from ten on.
        t.policy("age.guardian_liability", "10").await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, []);
        assert_eq!(borrow(&t, &kiosk, &ward).await, [RefusalReason::DebtLimit, RefusalReason::OverdueItems]);
        // A ban is no debt.
        t.ban(&ward, BanKind::Lending).await;
        assert_eq!(borrow(&t, &kiosk, &guardian).await, [RefusalReason::WardBlocked]);
    }

    async fn overdue_loans_and_old_debts_block_until_they_are_gone(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let kiosk = t.device(DeviceKind::SelfCheckout).await;
        let entrance = t.device(DeviceKind::Door).await;
        let door = async |patron: &TestPatron| {
            let answer = entrance.ask_door(&patron.card, None, "door").await.unwrap();
            answer.refusals.iter().map(Refusal::reason).collect::<Vec<_>>()
        };
        t.policy("ban.overdue_days", "28").await;
        let patron = t.patron().await;
        let token = kiosk.sign_in(&patron.card, patron.pin).await;
        let item = t.item().await;
        assert_eq!(kiosk.checkout(&token, &item.barcode).await.unwrap().refusals, []);
        make_overdue(&t, &patron, 27).await;
        let other = t.item().await;
        let lent = kiosk.checkout(&token, &other.barcode).await.unwrap();
        assert_eq!(lent.refusals, []);
        kiosk.take_back(&other.barcode).await.unwrap();
        make_overdue(&t, &patron, 28).await;
        assert_eq!(borrow(&t, &kiosk, &patron).await, [RefusalReason::OverdueItems]);
        assert_eq!(door(&patron).await, []);
        t.policy("self_service.blocked_by_overdue", "true").await;
        assert_eq!(door(&patron).await, [RefusalReason::OverdueItems]);
        kiosk.take_back(&item.barcode).await.unwrap();
        assert_eq!(borrow(&t, &kiosk, &patron).await, []);
        assert_eq!(door(&patron).await, []);

        t.policy("ban.year_turn", "01-01").await;
        let debtor = t.patron().await;
        t.fee(debtor.id, 30).await;
        assert_eq!(borrow(&t, &kiosk, &debtor).await, []);
        let last_year = t.clock.now() - TimeDelta::days(366);
        fees::Entity::update_many()
            .col_expr(fees::Column::CreatedAt, Expr::value(last_year))
            .exec(t.store.writer())
            .await
            .unwrap();
        assert_eq!(borrow(&t, &kiosk, &debtor).await, [RefusalReason::YearTurnDebt]);
        t.policy("self_service.blocked_by_debt", "true").await;
        assert_eq!(door(&debtor).await, [RefusalReason::YearTurnDebt]);
        t.let_off(&debtor).await;
        assert_eq!(borrow(&t, &kiosk, &debtor).await, []);
        assert_eq!(door(&debtor).await, []);
    }

    async fn a_consent_is_answered_by_whom_it_concerns_and_kept(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::HomeService]).await;
        let (ward, guardian) = (child(&t).await, t.patron().await);
        relate(&t, &ward, &guardian, RelationKind::Guardian).await;
        let mut desk = client(&staff);
        let answer = |about: wire::ConsentPurpose, state: wire::ConsentState, by: &str| wire::RecordConsentRequest {
            request_id: new_id(),
            patron_number: ward.number.clone(),
            about: about.into(),
            state: state.into(),
            form: wire::ConsentForm::Scanned.into(),
            text_version: "2026-1".to_owned(),
            given_by_number: by.to_owned(),
        };
        use wire::{ConsentPurpose::{Card, HomeServiceHistory, LoanHistory}, ConsentState::{Granted, NotAsked, Refused}};
        for (field, request) in [
            ("given_by_number", answer(Card, Granted, "")),
            ("given_by_number", answer(Card, Granted, &ward.number)),
            ("state", answer(Card, NotAsked, &guardian.number)),
            ("about", answer(HomeServiceHistory, Granted, "")),
        ] {
            let status = desk.record_consent(request).await.unwrap_err();
            assert_eq!(fault(&status).1["field"], field);
        }
        desk.record_consent(answer(Card, Refused, &guardian.number)).await.unwrap();
        let granted = desk.record_consent(answer(Card, Granted, &guardian.number)).await.unwrap().into_inner();
        let again = desk.record_consent(answer(Card, Granted, &guardian.number)).await.unwrap_err();
        assert_eq!(reason(&again), ErrorReason::RuleBroken);
        desk.record_consent(answer(LoanHistory, Granted, "")).await.unwrap();
        let withdraw = |consent_id| wire::WithdrawConsentRequest { request_id: new_id(), consent_id };
        desk.withdraw_consent(withdraw(granted.consent_id)).await.unwrap();
        let twice = desk.withdraw_consent(withdraw(granted.consent_id)).await.unwrap_err();
        assert_eq!(reason(&twice), ErrorReason::RuleBroken);
        let request = wire::ListConsentsRequest {
            patron_number: ward.number.clone(),
            purpose: wire::Purpose::CustomerService.into(),
            ..Default::default()
        };
        let kept = desk.list_consents(request).await.unwrap().into_inner().consents;
        let seen: Vec<_> = kept
            .iter()
            .map(|consent| (consent.about(), consent.state(), consent.withdrawn_at.is_some()))
            .collect();
        assert_eq!(seen, [(LoanHistory, Granted, false), (Card, Granted, true), (Card, Refused, false)]);
        assert_eq!(kept[1].given_by_number, guardian.number);
        assert!(kept[1].relation_id > 0 && kept[0].relation_id == 0);
    }
}
