//! `HomeServiceService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1 as wire;
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState};
use kortisto_store::entities::{consents, home_service};
use kortisto_testkit::{TestRegister, register::TestPatron};
use prost_reflect::DynamicMessage;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let t = &world.t;
    let patron = t.patron().await;
    let patron_number = patron.number.clone();
    if method != "PutHomeService" {
        serve(t, &patron).await;
    }
    Some(match method {
        "PutHomeService" => dynamic("PutHomeServiceRequest", &delivery(t, &patron)),
        "GetHomeService" => {
            let request = wire::GetHomeServiceRequest { patron_number, ..Default::default() };
            dynamic("GetHomeServiceRequest", &request)
        }
        "EndHomeService" => {
            let request = wire::EndHomeServiceRequest { patron_number, ..Default::default() };
            dynamic("EndHomeServiceRequest", &request)
        }
        "SetConsent" => {
            let request = wire::SetConsentRequest {
                patron_number,
                about: wire::ConsentPurpose::HomeServiceProfile.into(),
                state: wire::ConsentState::Granted.into(),
                form: wire::ConsentForm::Paper.into(),
                text_version: "2026-1".to_owned(),
                ..Default::default()
            };
            dynamic("SetConsentRequest", &request)
        }
        "ListHomeServiceHistory" => {
            let request = wire::ListHomeServiceHistoryRequest { patron_number, ..Default::default() };
            dynamic("ListHomeServiceHistoryRequest", &request)
        }
        "GetCarrierManifest" => {
            let date = t.surroundings.moment().today().to_string();
            let request = wire::GetCarrierManifestRequest { date, ..Default::default() };
            dynamic("GetCarrierManifestRequest", &request)
        }
        _ => return None,
    })
}

/// A delivery every second week from today on.
pub(in crate::staff) fn delivery(t: &TestRegister, patron: &TestPatron) -> wire::PutHomeServiceRequest {
    wire::PutHomeServiceRequest {
        request_id: String::new(),
        patron_number: patron.number.clone(),
        street: "Kirjastokatu 1 A 2".to_owned(),
        postcode: "55100".to_owned(),
        post_office: "Imatra".to_owned(),
        door_note: "Ring twice.".to_owned(),
        first_on: t.surroundings.moment().today().to_string(),
        every_weeks: 2,
        preferences: String::new(),
    }
}

/// Takes a patron into the service, with consent to a history and no answer about a profile.
async fn serve(t: &TestRegister, patron: &TestPatron) {
    home_service::ActiveModel {
        patron_id: Set(patron.id),
        street: Set("Kirjastokatu 1".to_owned()),
        postcode: Set("55100".to_owned()),
        post_office: Set("Imatra".to_owned()),
        door_note: Set(String::new()),
        first_on: Set(t.surroundings.moment().today()),
        every_weeks: Set(1),
        preferences: Set(String::new()),
        history_consent: Set(ConsentState::Granted.code()),
        profile_consent: Set(ConsentState::NotAsked.code()),
        changed_at: Set(t.clock.now()),
        changed_by: Set("test".to_owned()),
    }
    .insert(t.store.writer())
    .await
    .unwrap();
    consents::ActiveModel {
        patron_id: Set(patron.id),
        purpose: Set(ConsentPurpose::HomeServiceHistory.code()),
        state: Set(ConsentState::Granted.code()),
        form: Set(ConsentForm::Paper.code()),
        text_version: Set("2026-1".to_owned()),
        recorded_at: Set(t.clock.now()),
        recorded_by: Set("test".to_owned()),
        ..Default::default()
    }
    .insert(t.store.writer())
    .await
    .unwrap();
}
