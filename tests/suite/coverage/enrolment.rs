//! How a device gets its certificate: a one-time code, a request, an endpoint of its own.

use super::rpc::{fault, methods, reason, send};
use chrono::TimeDelta;
use kortisto::{
    common::v1::ErrorReason,
    device::v1::{
        EnrolDeviceRequest, EnrolDeviceResponse, GetDeviceRequest,
        device_service_client::DeviceServiceClient, enrolment_service_client::EnrolmentServiceClient,
    },
};
use kortisto_domain::{DeviceKind, DeviceState};
use kortisto_register::devices::manage::{self, ManageFault, NewDevice};
use kortisto_store::entities::device_certificates;
use kortisto_testkit::{TestRegister, on_both_engines, register::certificate_request};
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use tokio::time::{Duration, Instant};
use tonic::{Request, Status};

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

async fn code_for(t: &TestRegister, name: &str) -> Result<String, ManageFault> {
    let new = NewDevice { name: name.to_owned(), kind: DeviceKind::Door, branch: "main".to_owned() };
    t.enrolment_code(new).await
}

async fn enrol(t: &TestRegister, code: &str, request: &str) -> Result<EnrolDeviceResponse, Status> {
    let channel = t.connect_to_enrol().await.unwrap();
    let request =
        EnrolDeviceRequest { enrolment_code: code.to_owned(), certificate_request_pem: request.to_owned() };
    EnrolmentServiceClient::new(channel).enrol_device(request).await.map(tonic::Response::into_inner)
}

async fn certificates(t: &TestRegister) -> u64 {
    device_certificates::Entity::find().count(t.store.writer()).await.unwrap()
}

on_both_engines! {
    async fn a_code_becomes_a_device_that_is_answered(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let code = code_for(&t, "main entrance").await.unwrap();
        assert_eq!(manage::list(&t.store).await.unwrap()[0].state, DeviceState::Pending);
        let (request, key) = certificate_request();
        let enrolled = enrol(&t, &code, &request).await.unwrap();
        assert_eq!(enrolled.device_name, "main entrance");
        assert_eq!(enrolled.authority_pem, t.authority_pem());
        let channel = t.connect(Some(&(enrolled.certificate_pem, key))).await.unwrap();
        let about = DeviceServiceClient::new(channel).get_device(GetDeviceRequest {}).await.unwrap().into_inner();
        assert_eq!((about.device_name.as_str(), about.branch.as_str()), ("main entrance", "main"));
        assert_eq!(about.kind(), kortisto::device::v1::DeviceKind::Door);
        assert_eq!(about.certificate_expires_at, enrolled.expires_at);
        let listed = manage::list(&t.store).await.unwrap();
        assert_eq!((listed.len(), listed[0].state), (1, DeviceState::Active));
        assert_eq!(listed[0].last_seen_at, Some(t.clock.now()));
        let actions = t.dump().await["audit"].join("\n");
        assert!(actions.contains("create_enrolment_code") && actions.contains("enrol_device"), "{actions}");

        let (second, _) = certificate_request();
        let status = enrol(&t, &code, &second).await.unwrap_err();
        assert_eq!(reason(&status), ErrorReason::EnrolmentRefused);
        assert_eq!(certificates(&t).await, 1);
    }

    async fn a_code_is_typed_by_people(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let code = code_for(&t, "door").await.unwrap();
        let (request, _) = certificate_request();
        let typed = code.replace('-', " ").to_lowercase();
        let plain = code.replace('-', "").to_lowercase();
        let as_typed = enrol(&t, &typed, &request).await;
        if as_typed.is_err() {
            enrol(&t, &plain, &request).await.unwrap();
        }
    }

    async fn a_code_lives_for_ten_minutes(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let (request, _) = certificate_request();
        let late = code_for(&t, "late").await.unwrap();
        t.clock.advance(TimeDelta::minutes(10));
        assert_eq!(reason(&enrol(&t, &late, &request).await.unwrap_err()), ErrorReason::EnrolmentRefused);
        let in_time = code_for(&t, "in time").await.unwrap();
        t.clock.advance(TimeDelta::minutes(10) - TimeDelta::microseconds(1));
        enrol(&t, &in_time, &request).await.unwrap();
    }

    async fn a_bad_request_leaves_the_code_usable(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let code = code_for(&t, "door").await.unwrap();
        let (good, _) = certificate_request();
        let before = t.dump().await;
        let tampered = good.replacen(&good[60..64], "AAAA", 1);
        let long = "A".repeat(8 * 1024 + 1);
        for bad in ["", "not PEM", t.authority_pem(), tampered.as_str(), long.as_str()] {
            let (reason, metadata) = fault(&enrol(&t, &code, bad).await.unwrap_err());
            assert_eq!(reason, ErrorReason::FieldInvalid, "{bad}");
            assert_eq!(metadata["field"], "certificate_request_pem");
        }
        let (reason, metadata) = fault(&enrol(&t, &"A".repeat(65), &good).await.unwrap_err());
        assert_eq!((reason, metadata["field"].as_str()), (ErrorReason::FieldInvalid, "enrolment_code"));
        assert_eq!(t.dump().await, before);
        enrol(&t, &code, &good).await.unwrap();
    }

    async fn a_wrong_code_is_refused_and_changes_nothing(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let replaced = code_for(&t, "door").await.unwrap();
        let code = code_for(&t, "door").await.unwrap();
        let revoked = code_for(&t, "old door").await.unwrap();
        manage::revoke(&t.store, &t.surroundings, "old door".to_owned(), deadline()).await.unwrap();
        let taken = code_for(&t, "old door").await.unwrap_err();
        assert_eq!(taken, ManageFault::Taken("old door".to_owned()));
        let mut other = code.clone().into_bytes();
        other.rotate_left(1);
        let (request, _) = certificate_request();
        let before = t.dump().await;
        let strange = String::from_utf8(other).unwrap();
        for wrong in ["", "x", strange.as_str(), replaced.as_str(), revoked.as_str(), "'; drop table devices; --"] {
            let status = enrol(&t, wrong, &request).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::EnrolmentRefused, "{wrong:?}");
        }
        assert_eq!(t.dump().await, before);
        enrol(&t, &code, &request).await.unwrap();
    }

    async fn sixteen_that_race_for_a_code_get_one_certificate(engine: Engine) {
        let t = std::sync::Arc::new(TestRegister::start(engine).await);
        let code = code_for(&t, "door").await.unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (t, code) = (std::sync::Arc::clone(&t), code.clone());
            tasks.spawn(async move {
                let (request, _) = certificate_request();
                enrol(&t, &code, &request).await
            });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for status in answers.into_iter().filter_map(Result::err) {
            assert_eq!(reason(&status), ErrorReason::EnrolmentRefused);
        }
        assert_eq!(certificates(&t).await, 1);
    }

    async fn the_enrolment_endpoint_knows_nothing_else(engine: Engine) {
        let t = TestRegister::start(engine).await;
        let channel = t.connect_to_enrol().await.unwrap();
        for method in methods() {
            let status = send(&channel, method.path.clone(), Request::new(Vec::new())).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::RpcUnknown, "{}", method.name);
        }
    }
}
