//! Malformed requests: INVALID_ARGUMENT that names the field, nothing changed, nothing repeated of the
//! value.

use super::{
    question::World,
    rpc::{Method, fault, method, methods, reason, send},
};
use kortisto::common::v1::ErrorReason;
use kortisto_domain::DeviceKind;
use kortisto_register::permissions;
use kortisto_testkit::{on_both_engines, register::Device};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, Value, prost::Message as _};
use tonic::{Request, Status};

fn texts(values: &[&str]) -> Vec<Value> {
    values.iter().map(|value| Value::String((*value).to_owned())).collect()
}

fn lists(values: &[&[&str]]) -> Vec<Value> {
    values.iter().map(|list| Value::List(texts(list))).collect()
}

fn amounts(field: &FieldDescriptor, values: &[(i64, &str)]) -> Vec<Value> {
    let kind = field.kind();
    let amount = |(cents, currency): &(i64, &str)| {
        let mut amount = DynamicMessage::new(kind.as_message().unwrap().clone());
        amount.set_field_by_name("minor_units", Value::I64(*cents));
        amount.set_field_by_name("currency_code", Value::String((*currency).to_owned()));
        Value::Message(amount)
    };
    values.iter().map(amount).collect()
}

fn ages(values: &[i32]) -> Value {
    Value::List(values.iter().map(|age| Value::I32(*age)).collect())
}

/// Values that are wrong for a field, by its name. A new field needs a line here.
fn wrong_values(field: &FieldDescriptor) -> Vec<Value> {
    let mut wrong = wrong_by_name(field);
    // Empty beside a title's number.
    if field.full_name().ends_with(".PlaceHoldRequest.item_barcode") {
        wrong.retain(|value| value.as_str() != Some(""));
    }
    wrong
}

fn wrong_by_name(field: &FieldDescriptor) -> Vec<Value> {
    match field.name() {
        "request_id" | "attempt_id" | "nonce" | "hold_id" | "loan_id" => texts(&[
            "",
            "x",
            "00000000-0000-0000-0000-000000000000",
            "0190c1f2-7b3a-7cde-8f01-23456789abcg",
            "0190c1f27b3a7cde8f0123456789abcd",
            "{0190c1f2-7b3a-7cde-8f01-23456789abcd}",
            "0190c1f2-7b3a-7cde-8f01-23456789ab\0d",
            "0190c1f2-7b3a-7cde-8f01-23456789abcd ",
            &"a".repeat(5000),
        ]),
        "card_number" | "item_barcode" | "resource" | "operator" | "order_id" => texts(&[
            "",
            " ",
            " a",
            "a ",
            "a\0b",
            "a\nb",
            "\u{1b}[2J",
            "a\u{7f}",
            "a\u{85}b",
            "a\u{202e}b",
            "\u{feff}a",
            &"x".repeat(65),
            &"x".repeat(60_000),
        ]),
        "title_number" | "home_branch" | "pickup_branch" => texts(&[" ", " a", "a\0b", &"x".repeat(65)]),
        "pickup_stop" | "pickup_locker" | "refund_order_id" => texts(&[" a", "a\0b", &"x".repeat(65)]),
        "valid_until" | "frozen_until" => {
            texts(&["x", "2026-02-30", "2026-2-3", "1849-12-31", "2201-01-01", "2020-01-01T00:00"])
        }
        // Either is right.
        "kept" => Vec::new(),
        // Alone it is right.
        "unfreeze" => Vec::new(),
        "level" => [-1, 4, i32::MAX].map(Value::EnumNumber).to_vec(),
        "compartment" => texts(&["", " ", " a", "a\0b", &"x".repeat(17)]),
        "pin" => texts(&[
            "",
            "123",
            "1234567890123",
            "12a4",
            "1234\0",
            " 1234",
            "\u{661}\u{662}\u{663}\u{664}",
            "-123",
        ]),
        "new_pin" => texts(&["", "123", "1234567890123", "12a4", "1111", "2580", "1987"]),
        "password" => texts(&["1234567", "hauki on\0kala", "hauki on kala", &"x".repeat(129)]),
        "new_password" => {
            texts(&["", "1234567", "hauki on\0kala", &"x".repeat(129), "12345678", "Salasana1!", "aaaaaaaa"])
        }
        "patron_token" => {
            texts(&["", "x", &"!".repeat(43), &"A".repeat(42), &"A".repeat(44), &"\0".repeat(43)])
        }
        "relation_id" => [0, -1, i64::MIN].map(Value::I64).to_vec(),
        "text_version" => texts(&["", " ", " a", "a\0b", &"x".repeat(101)]),
        "page_size" => vec![Value::I32(-1), Value::I32(i32::MIN)],
        "page_token" => texts(&["x", "1", "2.3.4", "1.2.3.4", "1.zz.7", "0.1.\0", &"1".repeat(129)]),
        "fee_ids" => {
            let id = "0190c1f2-7b3a-7cde-8f01-23456789abcd";
            lists(&[&[""], &["x"], &[id, "0190c1f27b3a7cde8f0123456789abcd"], &[id, id], &[id; 101]])
        }
        "amount" => amounts(
            field,
            &[(0, "EUR"), (-1, "EUR"), (10_000_001, "EUR"), (i64::MAX, "EUR"), (250, "SEK"), (250, "")],
        ),
        "age_limits" => {
            vec![ages(&[-1]), ages(&[121]), ages(&[i32::MAX]), ages(&[i32::MIN]), ages(&[1, 2, 3, 4, 5, 6])]
        }
        "certificate_request_pem" => texts(&[
            "",
            "x",
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
            "-----BEGIN CERTIFICATE REQUEST-----\n\0\n-----END CERTIFICATE REQUEST-----\n",
            &"A".repeat(8 * 1024 + 1),
        ]),
        name => panic!("no wrong values for {name} here"),
    }
}

/// An rpc, a device that may call it, a good question, and the fields that this device may set.
struct Asked {
    method: Method,
    device: Device,
    request: DynamicMessage,
    fields: Vec<FieldDescriptor>,
}

/// Every rpc, with as many kinds of devices as it takes to set each of its fields once.
async fn asked(w: &World) -> Vec<Asked> {
    let mut asked = Vec::new();
    for method in methods() {
        let mut left: Vec<_> = method.input.fields().collect();
        let mut first = true;
        for kind in DeviceKind::ALL.iter().filter(|kind| permissions::may_call(**kind, method.rpc)) {
            let may_set = |field: &FieldDescriptor| permissions::may_ask(*kind, method.rpc, field.name());
            let (fields, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(may_set);
            left = rest;
            if first || !fields.is_empty() {
                let device = w.t.device(*kind).await;
                let request = w.question(&method, &device, *kind).await.request;
                asked.push(Asked { method: method.clone(), device, request, fields });
            }
            first = false;
        }
        assert!(left.is_empty(), "{}: nobody may set all of its fields", method.name);
    }
    asked
}

fn names(status: &Status, method: &Method, field: &str) {
    let (reason, metadata) = fault(status);
    assert_eq!(reason, ErrorReason::FieldInvalid, "{}.{field}: {status:?}", method.name);
    assert_eq!(metadata["field"], field, "{}: {status:?}", method.name);
    assert!(!metadata["rule"].is_empty());
}

/// Key of a field on the wire, for numbers below 16.
fn key(field: &FieldDescriptor, wire_type: u8) -> u8 {
    u8::try_from(field.number()).unwrap() << 3 | wire_type
}

on_both_engines! {
    async fn a_malformed_field_is_named(engine: Engine) {
        let w = World::start(engine).await;
        let mut refused = 0;
        for Asked { method, device, mut request, fields } in asked(&w).await {
            let before = w.t.dump().await;
            for field in fields {
                let own = request.get_field(&field).into_owned();
                let was_set = request.has_field(&field);
                for wrong in wrong_values(&field) {
                    request.set_field(&field, wrong);
                    let status = method.ask(&device.channel, &request).await.unwrap_err();
                    names(&status, &method, field.name());
                    refused += 1;
                }
                if was_set { request.set_field(&field, own) } else { request.clear_field(&field) }
            }
            assert_eq!(w.t.dump().await, before, "{}", method.name);
            method.ask(&device.channel, &request).await.unwrap();
        }
        assert!(refused > 100, "only {refused} values were tried");
    }

    async fn broken_protobuf_is_named_where_it_can_be(engine: Engine) {
        let w = World::start(engine).await;
        for Asked { method, device, request, .. } in asked(&w).await {
            let whole = request.encode_to_vec();
            let before = w.t.dump().await;
            for end in (0..whole.len()).step_by(whole.len() / 40 + 1) {
                let status = method.send(&device.channel, whole[..end].to_vec()).await.unwrap_err();
                assert_eq!(reason(&status), ErrorReason::FieldInvalid, "{} cut at {end}", method.name);
            }
            for field in method.input.fields() {
                if field.kind() == Kind::String {
                    let invalid_utf8 = [whole.as_slice(), &[key(&field, 2), 2, 0xff, 0xfe]].concat();
                    let status = method.send(&device.channel, invalid_utf8).await.unwrap_err();
                    names(&status, &method, field.name());
                }
                let wrong_type = [whole.as_slice(), &[key(&field, 1), 1, 2, 3, 4, 5, 6, 7, 8]].concat();
                let status = method.send(&device.channel, wrong_type).await.unwrap_err();
                names(&status, &method, field.name());
            }
            for garbage in [&[0xff; 64][..], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x00], &[0x07]] {
                let status = method.send(&device.channel, garbage.to_vec()).await.unwrap_err();
                assert_eq!(reason(&status), ErrorReason::FieldInvalid, "{}: {garbage:?}", method.name);
            }
            let too_long = vec![0; kortisto::REQUEST_BYTES_MAX + 1];
            let status = method.send(&device.channel, too_long).await.unwrap_err();
            assert_eq!(reason(&status), ErrorReason::RequestTooLarge, "{}", method.name);
            assert_eq!(w.t.dump().await, before, "{}", method.name);
            // A field of a later version of the contract: number 1000, a text.
            let later = [whole.as_slice(), &[0xc2, 0x3e, 1, b'x']].concat();
            method.send(&device.channel, later).await.unwrap();
        }
    }

    async fn absurd_numbers_that_are_well_formed_are_answered(engine: Engine) {
        let w = World::start(engine).await;
        let method = method("HoldService.ListHolds");
        let mut question = w.question(&method, &w.kiosk, DeviceKind::SelfCheckout).await;
        for page_token in [
            "1.7fffffffffffffff.ffffffff-ffff-ffff-ffff-ffffffffffff",
            "0.-8000000000000000.00000000000000000000000000000000",
            "0.0.00000000000000000000000000000001",
        ] {
            question.set("page_token", page_token);
            for size in [0, 1, i32::MAX] {
                question.request.set_field_by_name("page_size", Value::I32(size));
                method.ask(&w.kiosk.channel, &question.request).await.unwrap();
            }
        }
    }

    async fn an_rpc_that_does_not_exist_is_unknown(engine: Engine) {
        let w = World::start(engine).await;
        for path in [
            "/kortisto.device.v1.LoanService/RenewSome",
            "/kortisto.device.v1.EnrolmentService/EnrolDevice",
            "/kortisto.device.v2.LoanService/Checkout",
            "/",
        ] {
            let status = send(&w.kiosk.channel, path.parse().unwrap(), Request::new(vec![])).await;
            assert_eq!(reason(&status.unwrap_err()), ErrorReason::RpcUnknown, "{path}");
        }
    }
}
