//! A request may be repeated: same answer, no second effect. Its id stands for nothing else.

use super::{
    question::{Question, World},
    rpc::{Method, fault, method, methods},
};
use kortisto::common::v1::ErrorReason;
use kortisto_domain::{BanKind, DeviceKind};
use kortisto_register::permissions;
use kortisto_testkit::{on_both_engines, register::Device};
use prost_reflect::{Kind, Value, prost::Message as _};

/// The one rpc that may be asked again and decides anew: an old GRANTED opens no door.
const DECIDES_ANEW: &str = "AccessService.CheckAccess";

/// Every question that carries an id, as every kind that may ask it.
async fn repeatable(w: &World) -> Vec<(DeviceKind, Device, Method, Question)> {
    let mut found = Vec::new();
    for kind in DeviceKind::ALL {
        let device = w.t.device(*kind).await;
        for method in methods().into_iter().filter(|method| permissions::may_call(*kind, method.rpc)) {
            let question = w.question(&method, &device, *kind).await;
            if question.id().is_some() {
                found.push((*kind, device.clone(), method, question));
            }
        }
    }
    assert!(found.len() > 12, "only {} rpcs and kinds", found.len());
    found
}

on_both_engines! {
    async fn a_replay_gives_the_same_bytes_and_does_nothing(engine: Engine) {
        let w = World::start(engine).await;
        for (kind, device, method, question) in repeatable(&w).await {
            let bytes = question.request.encode_to_vec();
            let first = method.send(&device.channel, bytes.clone()).await.unwrap();
            let after_first = w.t.dump().await;
            let replay = method.send(&device.channel, bytes).await.unwrap();
            let mut after_replay = w.t.dump().await;
            if method.name == DECIDES_ANEW {
                assert_eq!(after_replay["audit"].len(), after_first["audit"].len() + 1);
                after_replay.insert("audit".to_owned(), after_first["audit"].clone());
            } else {
                assert_eq!(first, replay, "{} as {kind:?}", method.name);
            }
            assert_eq!(after_replay, after_first, "{} as {kind:?}", method.name);
        }
        w.t.probe().await;
    }

    async fn an_id_stands_for_one_body(engine: Engine) {
        let w = World::start(engine).await;
        for (kind, device, method, mut question) in repeatable(&w).await {
            let (id_field, _) = question.id().unwrap();
            method.ask(&device.channel, &question.request).await.unwrap();
            let other = w.question(&method, &device, kind).await;
            let before = w.t.dump().await;
            for field in method.input.fields() {
                let differs = question.request.get_field(&field) != other.request.get_field(&field);
                // Without a PIN a door check is no attempt: it changes nothing that an id could stand for.
                let free = method.name == DECIDES_ANEW
                    && (field.name() == "resource" || !question.request.has_field_by_name("pin"));
                if field.name() == id_field || field.kind() != Kind::String || !differs || free {
                    continue;
                }
                let own = question.request.get_field(&field).into_owned();
                question.request.set_field(&field, other.request.get_field(&field).into_owned());
                let status = method.ask(&device.channel, &question.request).await.unwrap_err();
                let (reason, metadata) = fault(&status);
                assert_eq!(reason, ErrorReason::RequestIdReused, "{} as {kind:?}: {}", method.name, field.name());
                assert_eq!(metadata["field"], id_field);
                question.request.set_field(&field, own);
            }
            assert_eq!(w.t.dump().await, before, "{} as {kind:?}", method.name);
        }
    }

    async fn an_id_stands_for_one_rpc(engine: Engine) {
        let w = World::start(engine).await;
        for (kind, device, method, question) in repeatable(&w).await {
            let (_, id) = question.id().unwrap();
            method.ask(&device.channel, &question.request).await.unwrap();
            if method.name == DECIDES_ANEW && !question.request.has_field_by_name("pin") {
                continue;
            }
            // The next one that repeats anything; the rpc is part of what an id stands for, whichever it is.
            let mut others = methods();
            let own = others.iter().position(|other| other.name == method.name).unwrap();
            others.rotate_left(own + 1);
            for other in others.into_iter().filter(|other| permissions::may_call(kind, other.rpc)) {
                let mut wrong = w.question(&other, &device, kind).await;
                let Some((id_field, _)) = wrong.id() else { continue };
                if other.name == method.name || !wrong.takes_an_attempt_or_changes(&other) {
                    continue;
                }
                wrong.request.set_field_by_name(id_field, Value::String(id.to_string()));
                let before = w.t.dump().await;
                let status = other.ask(&device.channel, &wrong.request).await.unwrap_err();
                let (reason, metadata) = fault(&status);
                assert_eq!(reason, ErrorReason::RequestIdReused, "{} after {}", other.name, method.name);
                assert_eq!(metadata["field"], id_field);
                assert_eq!(w.t.dump().await, before, "{} after {}", other.name, method.name);
                break;
            }
        }
    }

    async fn a_refusal_is_repeated_too(engine: Engine) {
        let w = World::start(engine).await;
        let method = method("LoanService.Checkout");
        let patron = w.patron().await;
        let question = w.question_about(&method, &w.kiosk, DeviceKind::SelfCheckout, &patron).await;
        w.t.ban(&patron, BanKind::Lending).await;
        let bytes = question.request.encode_to_vec();
        let first = method.send(&w.kiosk.channel, bytes.clone()).await.unwrap();
        w.t.end_bans(&patron, w.t.clock.now()).await;
        assert_eq!(method.send(&w.kiosk.channel, bytes).await.unwrap(), first);
    }
}

impl Question {
    /// Whether its id stands for something: all but a door check without a PIN.
    fn takes_an_attempt_or_changes(&self, method: &Method) -> bool {
        method.name != DECIDES_ANEW || self.request.has_field_by_name("pin")
    }
}
