//! Every reason of an error that the contract names can be met, and with the code that it documents.

use super::{
    question::World,
    rpc::{method, reason, send},
};
use kortisto::{
    common::v1::ErrorReason,
    device::v1::{EnrolDeviceRequest, enrolment_service_client::EnrolmentServiceClient},
};
use kortisto_domain::DeviceKind;
use kortisto_register::devices::manage;
use kortisto_store::{entities::remembered_answers, lane::LaneLimits};
use kortisto_testkit::{
    TestOptions, TestRegister,
    chaos_proxy::ChaosProxy,
    register::{certificate_request, new_id},
};
use prost_reflect::Value;
use sea_orm::{EntityTrait as _, sea_query::Expr};
use std::collections::BTreeSet;
use tokio::time::{Duration, Instant};
use tonic::{Request, Status};

/// Operations that may wait in the lane of this test.
const QUEUE_MAX: usize = 2;

/// Faults of the caller, each met once.
async fn of_the_caller(w: &World) -> Vec<Status> {
    let checkout = method("LoanService.Checkout");
    let mut question = w.question(&checkout, &w.kiosk, DeviceKind::SelfCheckout).await;
    checkout.ask(&w.kiosk.channel, &question.request).await.unwrap();
    let mut met = Vec::new();
    // REQUEST_ID_REUSED, then FIELD_INVALID.
    for barcode in ["another", "with\0nul"] {
        question.set("item_barcode", barcode);
        met.push(checkout.ask(&w.kiosk.channel, &question.request).await.unwrap_err());
    }
    // RPC_FORBIDDEN.
    let door = w.t.device(DeviceKind::Door).await;
    met.push(checkout.ask(&door.channel, &question.request).await.unwrap_err());
    // DEVICE_REVOKED.
    let deadline = Instant::now() + Duration::from_secs(5);
    manage::revoke(&w.t.store, &w.t.surroundings, door.name.clone(), deadline).await.unwrap();
    met.push(door.ask_door("853A1", None, "door").await.unwrap_err());
    // DEVICE_UNKNOWN.
    let (pem, key, _) = w.t.stray_certificate(door.id, DeviceKind::Door, "main");
    let stray = w.t.connect(Some(&(pem, key))).await.unwrap();
    met.push(method("DeviceService.GetDevice").send(&stray, Vec::new()).await.unwrap_err());
    // FIELD_FORBIDDEN.
    let sprayer = w.t.device(DeviceKind::SelfCheckout).await;
    let authenticate = method("PatronService.AuthenticatePatron");
    let mut question = w.question(&authenticate, &sprayer, DeviceKind::SelfCheckout).await;
    question.request.set_field_by_name("age_limits", Value::List(vec![Value::I32(18)]));
    met.push(authenticate.ask(&sprayer.channel, &question.request).await.unwrap_err());
    // DEVICE_THROTTLED.
    question.request.clear_field_by_name("age_limits");
    question.set("card_number", "853A0000000");
    let throttled = loop {
        question.set("attempt_id", &new_id());
        if let Err(status) = authenticate.ask(&sprayer.channel, &question.request).await {
            break status;
        }
    };
    met.push(throttled);
    // ENROLMENT_REFUSED.
    let request = EnrolDeviceRequest {
        enrolment_code: "no such code".to_owned(),
        certificate_request_pem: certificate_request().0,
    };
    let enrolment = w.t.connect_to_enrol().await.unwrap();
    met.push(EnrolmentServiceClient::new(enrolment).enrol_device(request).await.unwrap_err());
    // RPC_UNKNOWN, REQUEST_TOO_LARGE.
    let nowhere = "/kortisto.device.v1.LoanService/Burn".parse().unwrap();
    met.push(send(&w.kiosk.channel, nowhere, Request::new(Vec::new())).await.unwrap_err());
    let long = vec![0; kortisto::REQUEST_BYTES_MAX + 1];
    met.push(checkout.send(&w.kiosk.channel, long).await.unwrap_err());
    met
}

/// Faults of the system, each met once.
async fn of_the_system(w: &World, proxy: &ChaosProxy) -> Vec<Status> {
    let take_back = method("LoanService.Return");
    let question = w.question(&take_back, &w.kiosk, DeviceKind::SelfCheckout).await;
    take_back.ask(&w.kiosk.channel, &question.request).await.unwrap();
    let door = w.t.device(DeviceKind::Door).await;
    door.ask_door("853A1", None, "door").await.unwrap();
    let mut met = Vec::new();
    // INTERNAL_FAULT: an answer that this program cannot have written.
    remembered_answers::Entity::update_many()
        .col_expr(remembered_answers::Column::Answer, Expr::value("?"))
        .exec(w.t.store.writer())
        .await
        .unwrap();
    met.push(take_back.ask(&w.kiosk.channel, &question.request).await.unwrap_err());
    // DEADLINE_PASSED for those that wait, OVERLOADED for the one that finds no place.
    proxy.freeze();
    let patience = Duration::from_millis(500);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..QUEUE_MAX {
        let (take_back, channel, request) =
            (take_back.clone(), w.kiosk.channel.clone(), question.request.clone());
        waiting.spawn(async move { take_back.ask_within(&channel, &request, patience).await.unwrap_err() });
    }
    while w.t.register.lane_stats()[0].1.queue_depth < QUEUE_MAX as u64 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    met.push(take_back.ask_within(&w.kiosk.channel, &question.request, patience).await.unwrap_err());
    met.extend(waiting.join_all().await);
    // REGISTER_UNAVAILABLE, from the lane of doors: the other one may still be busy with the frozen turn.
    proxy.refuse();
    proxy.refused().await;
    proxy.sever();
    met.push(door.ask_door("853A1", None, "door").await.unwrap_err());
    proxy.pass();
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reason_of_the_contract_is_met() {
    let lane_limits = LaneLimits { queue_max: QUEUE_MAX, ..LaneLimits::default() };
    let options = TestOptions { lane_limits, ..TestOptions::default() };
    let (t, proxy) = TestRegister::start_behind_proxy(options).await;
    let w = World::around(t).await;
    let mut met: BTreeSet<_> = of_the_caller(&w).await.iter().map(reason).collect();
    met.extend(of_the_system(&w, &proxy).await.iter().map(reason));
    // From DESK_ONLY on they are met at desks: tests/suite/staff.
    let every: BTreeSet<_> = (1..)
        .map_while(|number| ErrorReason::try_from(number).ok())
        .take_while(|reason| *reason != ErrorReason::DeskOnly)
        .collect();
    assert_eq!(met, every);
}
