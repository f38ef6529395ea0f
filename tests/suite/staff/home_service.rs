//! The home library service: deliveries, consents, and a history that others do not see.

use super::questions::home_service::delivery;
use crate::coverage::rpc::{fault, reason};
use chrono::{Days, TimeDelta};
use kortisto::{common::v1::ErrorReason, staff::v1 as wire};
use kortisto_domain::{DeviceKind, PatronState, StaffRole};
use kortisto_store::entities::{audit, audit_values, consents, patrons, phones};
use kortisto_testkit::{
    TestRegister, on_both_engines,
    register::{Bearer, Staff, TestPatron, new_id},
};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, sea_query::Expr,
};
use tonic::{Status, service::interceptor::InterceptedService, transport::Channel};
use wire::{
    ConsentPurpose::{HomeServiceHistory, HomeServiceProfile},
    ConsentState::{Granted, NotAsked, Refused},
    home_service_service_client::HomeServiceServiceClient,
};

type Client = HomeServiceServiceClient<InterceptedService<Channel, Bearer>>;

fn client(staff: &Staff) -> Client {
    HomeServiceServiceClient::new(staff.channel())
}

const PURPOSE: i32 = wire::Purpose::HomeService as i32;

async fn put(desk: &mut Client, request: wire::PutHomeServiceRequest) -> Result<(), Status> {
    let request = wire::PutHomeServiceRequest { request_id: new_id(), ..request };
    desk.put_home_service(request).await.map(|_| ())
}

async fn get(desk: &mut Client, patron: &TestPatron) -> Result<wire::GetHomeServiceResponse, Status> {
    let request = wire::GetHomeServiceRequest { patron_number: patron.number.clone(), purpose: PURPOSE };
    desk.get_home_service(request).await.map(tonic::Response::into_inner)
}

async fn consent(
    desk: &mut Client,
    patron: &TestPatron,
    about: wire::ConsentPurpose,
    state: wire::ConsentState,
) -> Result<(), Status> {
    let request = wire::SetConsentRequest {
        request_id: new_id(),
        patron_number: patron.number.clone(),
        about: about.into(),
        state: state.into(),
        form: wire::ConsentForm::Paper.into(),
        text_version: "2026-1".to_owned(),
    };
    desk.set_consent(request).await.map(|_| ())
}

async fn history(
    desk: &mut Client,
    patron: &TestPatron,
    page_size: i32,
    page_token: &str,
) -> Result<wire::ListHomeServiceHistoryResponse, Status> {
    let request = wire::ListHomeServiceHistoryRequest {
        patron_number: patron.number.clone(),
        purpose: PURPOSE,
        page_size,
        page_token: page_token.to_owned(),
    };
    desk.list_home_service_history(request).await.map(tonic::Response::into_inner)
}

/// Lends an item to a patron, takes it back a second later, and gives its label.
async fn borrow_and_return(t: &TestRegister, patron: &TestPatron) -> String {
    let kiosk = t.device(DeviceKind::SelfCheckout).await;
    let token = kiosk.sign_in(&patron.card, patron.pin).await;
    let item = t.item().await;
    let loan = kiosk.checkout(&token, &item.barcode).await.unwrap().loan.unwrap();
    t.clock.advance(TimeDelta::seconds(1));
    kiosk.take_back(&item.barcode).await.unwrap();
    loan.item_label
}

on_both_engines! {
    async fn a_history_is_shown_with_consent_and_from_then_on(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::HomeService]).await, t.patron().await);
        let mut desk = client(&staff);
        let not_served = history(&mut desk, &patron, 0, "").await.unwrap_err();
        assert_eq!(reason(&not_served), ErrorReason::NotFound);
        put(&mut desk, delivery(&t, &patron)).await.unwrap();
        borrow_and_return(&t, &patron).await;
        for state in [NotAsked, Refused] {
            consent(&mut desk, &patron, HomeServiceHistory, state).await.unwrap();
            let status = history(&mut desk, &patron, 0, "").await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::RuleBroken, "{state:?}");
        }
        consent(&mut desk, &patron, HomeServiceHistory, Granted).await.unwrap();
        assert_eq!(history(&mut desk, &patron, 0, "").await.unwrap().loans, [], "nothing from before");
        let mut labels = vec![borrow_and_return(&t, &patron).await, borrow_and_return(&t, &patron).await];
        labels.push(borrow_and_return(&t, &patron).await);
        labels.reverse();
        let first = history(&mut desk, &patron, 2, "").await.unwrap();
        let second = history(&mut desk, &patron, 2, &first.next_page_token).await.unwrap();
        assert_eq!(second.next_page_token, "");
        let seen: Vec<_> = first.loans.iter().chain(&second.loans).map(|loan| loan.label.clone()).collect();
        assert_eq!(seen, labels);
        // Withdrawn and given again: what was before stays hidden.
        consent(&mut desk, &patron, HomeServiceHistory, Refused).await.unwrap();
        assert_eq!(reason(&history(&mut desk, &patron, 0, "").await.unwrap_err()), ErrorReason::RuleBroken);
        t.clock.advance(TimeDelta::seconds(1));
        consent(&mut desk, &patron, HomeServiceHistory, Granted).await.unwrap();
        assert_eq!(history(&mut desk, &patron, 0, "").await.unwrap().loans, []);
        t.probe().await;
    }

    async fn nobody_else_sees_a_history_and_who_tries_is_in_the_trail(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::HomeService]).await, t.patron().await);
        put(&mut client(&staff), delivery(&t, &patron)).await.unwrap();
        consent(&mut client(&staff), &patron, HomeServiceHistory, Granted).await.unwrap();
        for role in StaffRole::ALL.iter().filter(|role| **role != StaffRole::HomeService) {
            let other = t.staff(&[*role]).await;
            let status = history(&mut client(&other), &patron, 0, "").await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::DutyForbidden, "{role:?}");
            let row = audit::Entity::find()
                .filter(audit::Column::StaffAccountId.eq(other.id))
                .one(t.store.writer())
                .await
                .unwrap()
                .unwrap();
            assert!(!row.granted, "{role:?}");
            assert_eq!((row.action.as_str(), row.reasons.as_str()), ("list_home_service_history", r#"["DUTY_FORBIDDEN"]"#));
        }
    }

    async fn a_profile_needs_consent_and_goes_with_it(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (staff, patron) = (t.staff(&[StaffRole::HomeService]).await, t.patron().await);
        let mut desk = client(&staff);
        let taste = "Detective stories, large print.\nNo war.".to_owned();
        let with_profile = || wire::PutHomeServiceRequest { preferences: taste.clone(), ..delivery(&t, &patron) };
        let refused = put(&mut desk, with_profile()).await.unwrap_err();
        assert_eq!(fault(&refused).1["field"], "preferences");
        put(&mut desk, delivery(&t, &patron)).await.unwrap();
        let held = get(&mut desk, &patron).await.unwrap();
        assert_eq!((held.history_consent(), held.profile_consent()), (NotAsked, NotAsked));
        assert_eq!(held.next_on, t.surroundings.moment().today().to_string());
        consent(&mut desk, &patron, HomeServiceProfile, Granted).await.unwrap();
        put(&mut desk, with_profile()).await.unwrap();
        let held = get(&mut desk, &patron).await.unwrap();
        assert_eq!((held.preferences.as_str(), held.profile_consent()), (taste.as_str(), Granted));
        assert_eq!(held.history_consent(), NotAsked, "the two are apart");
        consent(&mut desk, &patron, HomeServiceProfile, Refused).await.unwrap();
        let held = get(&mut desk, &patron).await.unwrap();
        assert_eq!((held.preferences.as_str(), held.profile_consent()), ("", Refused));
        let in_trail = audit_values::Entity::find()
            .filter(audit_values::Column::NewValue.contains("Detective"))
            .count(t.store.writer())
            .await
            .unwrap();
        assert_eq!(in_trail, 0);
        let wrong = consent(&mut desk, &patron, wire::ConsentPurpose::Card, Granted).await.unwrap_err();
        assert_eq!(fault(&wrong).1["field"], "about");
        let end = wire::EndHomeServiceRequest { request_id: new_id(), patron_number: patron.number.clone() };
        consent(&mut desk, &patron, HomeServiceHistory, Granted).await.unwrap();
        desk.end_home_service(end).await.unwrap();
        assert_eq!(reason(&get(&mut desk, &patron).await.unwrap_err()), ErrorReason::NotFound);
        let standing = consents::Entity::find()
            .filter(consents::Column::PatronId.eq(patron.id))
            .filter(consents::Column::State.eq(kortisto_domain::ConsentState::Granted.code()))
            .filter(consents::Column::WithdrawnAt.is_null())
            .count(t.store.writer())
            .await
            .unwrap();
        assert_eq!(standing, 0);
    }

    async fn a_carrier_gets_what_it_needs_and_no_more(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let staff = t.staff(&[StaffRole::HomeService]).await;
        let mut desk = client(&staff);
        let patrons_of_day = [t.patron().await, t.patron().await, t.patron().await, t.patron().await];
        for patron in &patrons_of_day {
            put(&mut desk, delivery(&t, patron)).await.unwrap();
        }
        let [first, second, protected, restricted] = &patrons_of_day;
        phones::ActiveModel {
            patron_id: Set(first.id),
            number: Set("+358401234567".to_owned()),
            sms: Set(false),
            source: Set(1),
            recorded_at: Set(t.clock.now()),
            recorded_by: Set("test".to_owned()),
            ..Default::default()
        }
        .insert(t.store.writer())
        .await
        .unwrap();
        let set = async |column, value: sea_orm::Value, patron: &TestPatron| {
            patrons::Entity::update_many()
                .col_expr(column, Expr::value(value))
                .filter(patrons::Column::Id.eq(patron.id))
                .exec(t.store.writer())
                .await
                .unwrap();
        };
        set(patrons::Column::ProtectedAddress, true.into(), protected).await;
        set(patrons::Column::State, PatronState::Restricted.code().into(), restricted).await;
        let today = t.surroundings.moment().today();
        let ask = |day: chrono::NaiveDate| wire::GetCarrierManifestRequest {
            date: day.to_string(), purpose: PURPOSE, ..Default::default()
        };
        let manifest = desk.get_carrier_manifest(ask(today)).await.unwrap().into_inner();
        assert_eq!((manifest.stops.len(), manifest.withheld), (2, 2));
        let mut phones: Vec<_> = manifest.stops.iter().map(|stop| stop.phone.as_str()).collect();
        phones.sort_unstable();
        assert_eq!(phones, ["", "+358401234567"]);
        for stop in &manifest.stops {
            assert_eq!((stop.name.as_str(), stop.street.as_str()), ("Aino Maria Testaaja", "Kirjastokatu 1 A 2"));
            for secret in [&first.number, &second.number, &first.card, &second.card] {
                assert!(!stop.parcel_id.contains(secret.as_str()));
            }
        }
        assert_ne!(manifest.stops[0].parcel_id, manifest.stops[1].parcel_id);
        let again = desk.get_carrier_manifest(ask(today)).await.unwrap().into_inner();
        assert_eq!(again, manifest);
        let next = desk.get_carrier_manifest(ask(today + Days::new(14))).await.unwrap().into_inner();
        assert_ne!(next.stops[0].parcel_id, manifest.stops[0].parcel_id, "another parcel");
        let between = desk.get_carrier_manifest(ask(today + Days::new(7))).await.unwrap().into_inner();
        assert_eq!(between.stops, []);
        for day in [today - Days::new(1), today + Days::new(32)] {
            let status = desk.get_carrier_manifest(ask(day)).await.unwrap_err();
            assert_eq!(fault(&status).1["field"], "date");
        }
        // The one whose address became a protected one keeps it to themselves.
        let held = get(&mut desk, protected).await.unwrap();
        assert_eq!((held.address_protected, held.street.as_str(), held.door_note.as_str()), (true, "", ""));
        let refused = put(&mut desk, delivery(&t, protected)).await.unwrap_err();
        assert_eq!(reason(&refused), ErrorReason::RuleBroken);
        let seen = audit::Entity::find()
            .filter(audit::Column::Action.eq("get_carrier_manifest"))
            .filter(audit::Column::Subject.is_in([first.pseudonym, protected.pseudonym]))
            .all(t.store.writer())
            .await
            .unwrap();
        assert_eq!(seen.iter().filter(|row| row.subject == Some(first.pseudonym)).count(), 3);
        assert!(seen.iter().all(|row| row.subject != Some(protected.pseudonym)));
    }
}
