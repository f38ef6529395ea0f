//! Which fields exist, and who may set which.

use super::{
    question::World,
    rpc::{fault, methods},
};
use kortisto::common::v1::ErrorReason;
use kortisto_domain::DeviceKind;
use kortisto_register::permissions;
use kortisto_testkit::on_both_engines;
use prost_reflect::{Kind, MessageDescriptor, Value};
use std::collections::BTreeSet;

fn names(message: &MessageDescriptor) -> BTreeSet<String> {
    message.fields().map(|field| field.name().to_owned()).collect()
}

#[test]
fn the_table_and_the_contract_name_the_same_rpcs() {
    let of_contract: BTreeSet<_> = methods().into_iter().map(|method| method.rpc).collect();
    let of_table: BTreeSet<_> = permissions::rpcs().collect();
    assert_eq!(of_contract, of_table);
}

#[test]
fn the_table_and_the_contract_name_the_same_fields() {
    for method in methods() {
        let (asks, shows) = permissions::known_fields(method.rpc);
        let (within, plain): (BTreeSet<_>, BTreeSet<_>) =
            shows.into_iter().map(str::to_owned).partition(|field| field.contains('.'));
        assert_eq!(
            asks.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
            names(&method.input),
            "{}",
            method.name
        );
        assert_eq!(plain, names(&method.output), "{}", method.name);
        for path in within {
            let (outer, inner) = path.split_once('.').unwrap();
            let field = method.output.get_field_by_name(outer).unwrap();
            let kind = field.kind();
            let message = kind.as_message().unwrap();
            assert!(message.get_field_by_name(inner).is_some(), "{}: {path}", method.name);
        }
    }
}

#[test]
fn a_kind_that_may_not_call_may_set_and_see_nothing() {
    for kind in DeviceKind::ALL {
        for method in methods().into_iter().filter(|method| !permissions::may_call(*kind, method.rpc)) {
            let (asks, shows) = permissions::known_fields(method.rpc);
            assert!(!asks.iter().any(|field| permissions::may_ask(*kind, method.rpc, field)));
            assert!(!shows.iter().any(|field| permissions::may_show(*kind, method.rpc, field)));
        }
    }
}

/// A value that is not the default and would be right if the kind might set it.
fn some_value(kind: &Kind, is_list: bool) -> Value {
    let one = match kind {
        Kind::String => Value::String("1234".to_owned()),
        Kind::Int32 => Value::I32(15),
        Kind::Bool => Value::Bool(true),
        Kind::Enum(_) => Value::EnumNumber(1),
        other => panic!("no value for a field of {other:?} here"),
    };
    if is_list { Value::List(vec![one]) } else { one }
}

on_both_engines! {
    async fn a_field_that_a_kind_may_not_set_is_refused(engine: Engine) {
        let w = World::start(engine).await;
        let mut refused = 0;
        for kind in DeviceKind::ALL {
            let device = w.t.device(*kind).await;
            for method in methods().into_iter().filter(|method| permissions::may_call(*kind, method.rpc)) {
                let mut question = w.question(&method, &device, *kind).await;
                for field in method.input.fields() {
                    if permissions::may_ask(*kind, method.rpc, field.name()) {
                        continue;
                    }
                    let own = question.request.get_field(&field).into_owned();
                    question.request.set_field(&field, some_value(&field.kind(), field.is_list()));
                    let before = w.t.dump().await;
                    let status = method.ask(&device.channel, &question.request).await.unwrap_err();
                    let (reason, metadata) = fault(&status);
                    assert_eq!(reason, ErrorReason::FieldForbidden, "{}.{} as {kind:?}", method.name, field.name());
                    assert_eq!(metadata["field"], field.name());
                    assert_eq!(w.t.dump().await, before);
                    question.request.set_field(&field, own);
                    refused += 1;
                }
            }
        }
        assert!(refused >= 2, "age_limits at a kiosk and at the online library, at least");
    }
}
