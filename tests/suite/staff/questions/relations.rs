//! `RelationService`.

use crate::staff::world::{World, dynamic};
use kortisto::staff::v1 as wire;
use kortisto_domain::{ConsentForm, ConsentPurpose, ConsentState, RelationKind};
use kortisto_store::entities::consents;
use kortisto_testkit::{
    TestRegister,
    register::{PatronSeed, TestPatron},
};
use prost_reflect::DynamicMessage;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set};

pub(super) async fn question(world: &World, method: &str) -> Option<DynamicMessage> {
    let t = &world.t;
    let (ward, guardian) = (child(t).await, t.patron().await);
    let patron_number = ward.number.clone();
    Some(match method {
        "AddRelation" => {
            let request = wire::AddRelationRequest {
                ward_number: ward.number,
                other_number: guardian.number,
                kind: wire::RelationKind::Guardian.into(),
                ..Default::default()
            };
            dynamic("AddRelationRequest", &request)
        }
        "EndRelation" => {
            let relation_id = relate(t, &ward, &guardian, RelationKind::Guardian).await;
            let reason = "Custody has changed.".to_owned();
            let request = wire::EndRelationRequest { relation_id, reason, ..Default::default() };
            dynamic("EndRelationRequest", &request)
        }
        "ListRelations" => {
            relate(t, &ward, &guardian, RelationKind::Guardian).await;
            dynamic(
                "ListRelationsRequest",
                &wire::ListRelationsRequest { patron_number, ..Default::default() },
            )
        }
        "RecordConsent" => {
            relate(t, &ward, &guardian, RelationKind::Guardian).await;
            let request = wire::RecordConsentRequest {
                patron_number,
                about: wire::ConsentPurpose::Card.into(),
                state: wire::ConsentState::Granted.into(),
                form: wire::ConsentForm::Paper.into(),
                text_version: "2026-1".to_owned(),
                given_by_number: guardian.number,
                ..Default::default()
            };
            dynamic("RecordConsentRequest", &request)
        }
        "WithdrawConsent" => {
            let consent_id = consented(t, &ward, &guardian).await;
            let request = wire::WithdrawConsentRequest { consent_id, ..Default::default() };
            dynamic("WithdrawConsentRequest", &request)
        }
        "ListConsents" => {
            consented(t, &ward, &guardian).await;
            dynamic("ListConsentsRequest", &wire::ListConsentsRequest { patron_number, ..Default::default() })
        }
        _ => return None,
    })
}

/// A child of ten without a right, whatever the day of the test is.
pub(in crate::staff) async fn child(t: &TestRegister) -> TestPatron {
    let today = t.surroundings.moment().today();
    let born = today.checked_sub_months(chrono::Months::new(10 * 12 + 6));
    t.patron_with(PatronSeed { born, right: None, ..PatronSeed::default() }).await
}

/// Puts somebody beside a patron, and gives the key of the relation.
pub(in crate::staff) async fn relate(
    t: &TestRegister,
    ward: &TestPatron,
    other: &TestPatron,
    kind: RelationKind,
) -> i64 {
    t.relate(ward, other, kind).await
}

/// A consent to self-service, and its key.
async fn consented(t: &TestRegister, ward: &TestPatron, guardian: &TestPatron) -> i64 {
    consents::ActiveModel {
        patron_id: Set(ward.id),
        purpose: Set(ConsentPurpose::SelfService.code()),
        state: Set(ConsentState::Granted.code()),
        form: Set(ConsentForm::InPerson.code()),
        text_version: Set("2026-1".to_owned()),
        given_by_id: Set(Some(guardian.id)),
        recorded_at: Set(t.clock.now()),
        recorded_by: Set("test".to_owned()),
        ..Default::default()
    }
    .insert(t.store.writer())
    .await
    .unwrap()
    .id
}
