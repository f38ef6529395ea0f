//! Who may call: without a certificate, with a wrong one, revoked, and as every kind.

use super::{
    question::World,
    rpc::{Method, fault, methods, reason},
};
use chrono::TimeDelta;
use kortisto::common::v1::ErrorReason;
use kortisto_domain::{DeviceKind, DeviceState};
use kortisto_register::{devices::manage, permissions};
use kortisto_store::entities::{device_certificates, devices};
use kortisto_testkit::{on_both_engines, register::Device};
use prost_reflect::{DynamicMessage, prost::Message as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, ExprTrait as _, QueryFilter as _, sea_query::Expr};
use tokio::time::{Duration, Instant, timeout};
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

/// After which no answer is coming.
const NO_ANSWER: Duration = Duration::from_secs(5);

type Asked = Vec<(Method, DynamicMessage)>;

/// Every question that a kind may ask, made before anything happens to the device.
async fn all_it_may_ask(w: &World, device: &Device, kind: DeviceKind) -> Asked {
    let mut asked = Vec::new();
    for method in methods().into_iter().filter(|method| permissions::may_call(kind, method.rpc)) {
        let question = w.question(&method, device, kind).await;
        asked.push((method, question.request));
    }
    assert!(asked.len() >= 2, "every kind may ask something");
    asked
}

/// Each is refused for this reason and leaves no trace.
async fn refused(w: &World, channel: &Channel, asked: &Asked, why: ErrorReason) {
    let before = w.t.dump().await;
    for (method, request) in asked {
        let status = method.ask(channel, request).await.unwrap_err();
        assert_eq!(reason(&status), why, "{}", method.name);
    }
    assert_eq!(w.t.dump().await, before);
}

async fn sees_nothing_without(w: &World, identity: Option<&(String, String)>) {
    let mut questions = Vec::new();
    for method in methods() {
        let question = w.question(&method, &w.kiosk, DeviceKind::SelfCheckout).await;
        questions.push((method, question.request));
    }
    let before = w.t.dump().await;
    for (method, request) in &questions {
        // With TLS 1.3 a client learns after its own handshake that the server did not like it.
        if let Ok(channel) = w.t.connect(identity).await {
            // Now and then the client waits for a connection that the server has closed.
            let answer = timeout(NO_ANSWER, method.send(&channel, request.encode_to_vec())).await;
            let Ok(answer) = answer else { continue };
            let status = answer.unwrap_err();
            assert!(status.get_details_error_info().is_none(), "{}: {status:?}", method.name);
        }
    }
    assert_eq!(w.t.dump().await, before);
}

on_both_engines! {
    async fn without_a_certificate_nothing_is_answered(engine: Engine) {
        let w = World::start(engine).await;
        sees_nothing_without(&w, None).await;
    }

    async fn a_certificate_of_another_authority_is_none(engine: Engine) {
        let w = World::start(engine).await;
        let foreign = w.t.foreign_certificate(w.kiosk.id, DeviceKind::SelfCheckout);
        sees_nothing_without(&w, Some(&foreign)).await;
    }

    async fn a_certificate_that_no_row_knows_is_nobodys(engine: Engine) {
        let w = World::start(engine).await;
        let (pem, key, _) = w.t.stray_certificate(w.kiosk.id, DeviceKind::SelfCheckout, "main");
        let channel = w.t.connect(Some(&(pem, key))).await.unwrap();
        let mut asked = Vec::new();
        for method in methods() {
            let question = w.question(&method, &w.kiosk, DeviceKind::SelfCheckout).await;
            asked.push((method, question.request));
        }
        refused(&w, &channel, &asked, ErrorReason::DeviceUnknown).await;
    }

    async fn a_revoked_device_is_shut_out_at_its_next_call(engine: Engine) {
        let w = World::start(engine).await;
        for kind in DeviceKind::ALL {
            let device = w.t.device(*kind).await;
            let asked = all_it_may_ask(&w, &device, *kind).await;
            device.about().get_device(kortisto::device::v1::GetDeviceRequest {}).await.unwrap();
            let deadline = Instant::now() + Duration::from_secs(5);
            manage::revoke(&w.t.store, &w.t.surroundings, device.name.clone(), deadline).await.unwrap();
            refused(&w, &device.channel, &asked, ErrorReason::DeviceRevoked).await;
            let again = w.t.connect(Some(&device.identity)).await.unwrap();
            refused(&w, &again, &asked, ErrorReason::DeviceRevoked).await;
        }
    }

    async fn a_device_that_is_not_active_yet_is_unknown(engine: Engine) {
        let w = World::start(engine).await;
        let device = w.t.device(DeviceKind::Door).await;
        let asked = all_it_may_ask(&w, &device, DeviceKind::Door).await;
        devices::Entity::update_many()
            .col_expr(devices::Column::State, Expr::value(DeviceState::Pending.code()))
            .filter(devices::Column::Id.eq(device.id))
            .exec(w.t.store.writer())
            .await
            .unwrap();
        refused(&w, &device.channel, &asked, ErrorReason::DeviceUnknown).await;
    }

    async fn a_certificate_that_was_dropped_or_has_ended_holds_no_longer(engine: Engine) {
        let w = World::start(engine).await;
        for (kind, column, ends) in [
            (DeviceKind::SelfCheckout, device_certificates::Column::DroppedAt, TimeDelta::zero()),
            (DeviceKind::Locker, device_certificates::Column::ExpiresAt, TimeDelta::zero()),
            (DeviceKind::Door, device_certificates::Column::ExpiresAt, TimeDelta::microseconds(1)),
        ] {
            let device = w.t.device(kind).await;
            let asked = all_it_may_ask(&w, &device, kind).await;
            device_certificates::Entity::update_many()
                .col_expr(column, Expr::value(w.t.clock.now() + ends))
                .filter(Expr::col(device_certificates::Column::DeviceId).eq(device.id))
                .exec(w.t.store.writer())
                .await
                .unwrap();
            if !ends.is_zero() {
                let about = kortisto::device::v1::GetDeviceRequest {};
                device.about().get_device(about).await.unwrap();
                w.t.clock.advance(ends);
            }
            refused(&w, &device.channel, &asked, ErrorReason::DeviceUnknown).await;
            let again = w.t.connect(Some(&device.identity)).await.unwrap();
            refused(&w, &again, &asked, ErrorReason::DeviceUnknown).await;
        }
    }

    async fn every_kind_calls_what_the_table_allows_and_nothing_else(engine: Engine) {
        let w = World::start(engine).await;
        for kind in DeviceKind::ALL {
            let device = w.t.device(*kind).await;
            for method in methods() {
                let question = w.question(&method, &device, *kind).await;
                let before = w.t.dump().await;
                let answer = method.ask(&device.channel, &question.request).await;
                if permissions::may_call(*kind, method.rpc) {
                    answer.unwrap_or_else(|status| panic!("{} as {kind:?}: {status:?}", method.name));
                    assert_ne!(w.t.dump().await, before, "an answer leaves a trace");
                    continue;
                }
                let (reason, metadata) = fault(&answer.unwrap_err());
                assert_eq!(reason, ErrorReason::RpcForbidden, "{} as {kind:?}", method.name);
                assert_eq!(metadata["rpc"], method.name);
                assert_eq!(w.t.dump().await, before);
            }
        }
    }
}
