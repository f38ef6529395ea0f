//! What messages hold, and what they must never hold.

use super::{
    assert_none, closure, enums, field_comment, files, is_message, messages, method_comment, methods,
    short_name,
};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use std::collections::BTreeSet;

/// Fields of which one makes a request safe to repeat.
const REPLAY_FIELDS: [&str; 3] = ["request_id", "attempt_id", "nonce"];

/// Rpcs that change something and yet carry none of them, and why.
const WITHOUT_REPLAY_FIELD: [(&str, &str); 1] =
    [("EnrolmentService.EnrolDevice", "the one-time code is used up by the first call")];

/// Rpcs of staff whose answer gives out a PIN that the register has just drawn, once.
const GIVEN_PINS: [&str; 2] = ["PinService.IssuePin", "PinService.ResetPin"];

/// Words that point at a person, as parts of a field's name.
const PERSONAL: [&str; 14] = [
    "address", "birth", "birthday", "born", "email", "family", "first", "gender", "given", "guardian",
    "identity", "name", "phone", "surname",
];

/// Fields that carry such a word and may go to a device, and why.
const PERSONAL_EXCEPTIONS: [(&str, &str); 6] = [
    ("AuthenticatePatronResponse.display_name", "a greeting, at kiosk and online library only"),
    ("Fee.ward_name", "which of the children owes it, to a guardian who is signed in"),
    ("Ward.ward_name", "for which of the children to act, to a guardian who is signed in"),
    ("EnrolDeviceResponse.device_name", "the device's own"),
    ("GetDeviceResponse.device_name", "the device's own"),
    ("GetDeviceResponse.branch_name", "a building's"),
];

/// The last two parts of a field's name: "CheckoutResponse.loan".
fn short_field(field: &FieldDescriptor) -> String {
    format!("{}.{}", field.parent_message().name(), field.name())
}

fn is_singular(message: &MessageDescriptor, field: &str, kind: &Kind) -> bool {
    message.get_field_by_name(field).is_some_and(|field| field.kind() == *kind && !field.is_list())
}

#[test]
fn what_changes_something_can_be_repeated() {
    let mut findings = Vec::new();
    let mut exceptions = BTreeSet::new();
    for method in methods() {
        let name = short_name(&method);
        let changes = !method_comment(&method).contains("Effect: none");
        let request = method.input();
        let has_one = REPLAY_FIELDS.iter().any(|field| is_singular(&request, field, &Kind::String));
        if WITHOUT_REPLAY_FIELD.iter().any(|(exception, _)| *exception == name) {
            assert!(changes && !has_one, "{name} is no exception any more");
            exceptions.insert(name);
        } else if changes != has_one {
            findings.push(format!("{name}: changes something: {changes}, can be repeated: {has_one}"));
        }
    }
    assert_none(&findings);
    assert_eq!(exceptions.len(), WITHOUT_REPLAY_FIELD.len(), "an exception names no rpc");
}

#[test]
fn what_makes_a_request_repeatable_is_a_uuid_of_the_device() {
    let mut findings = Vec::new();
    for method in methods() {
        let fields =
            method.input().fields().filter(|field| REPLAY_FIELDS.contains(&field.name())).collect::<Vec<_>>();
        for field in fields {
            let comment = field_comment(&field);
            if !comment.contains("UUID made") || !comment.contains("36 characters") {
                findings.push(format!("{}: a UUID, made by whom, 36 characters?", short_field(&field)));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_list_comes_in_pages() {
    let mut lists = 0;
    for method in methods().into_iter().filter(|method| method.name().starts_with("List")) {
        let (request, response) = (method.input(), method.output());
        let name = short_name(&method);
        assert!(is_singular(&request, "page_size", &Kind::Int32), "{name}: no page_size");
        assert!(is_singular(&request, "page_token", &Kind::String), "{name}: no page_token");
        assert!(is_singular(&response, "next_page_token", &Kind::String), "{name}: no next_page_token");
        lists += 1;
    }
    assert!(lists > 0, "no list was looked at");
}

#[test]
fn enums_start_unspecified() {
    let findings = enums().filter(|kind| !kind.default_value().name().ends_with("_UNSPECIFIED"));
    assert_none(&findings.map(|kind| kind.full_name().to_owned()).collect::<Vec<_>>());
}

#[test]
fn no_answer_tells_a_device_about_a_person() {
    let mut findings = Vec::new();
    let mut met = BTreeSet::new();
    for method in methods().iter().filter(|method| method.full_name().starts_with("kortisto.device.")) {
        for field in closure(&method.output()).iter().flat_map(|message| message.fields().collect::<Vec<_>>())
        {
            let name = short_field(&field);
            if !field.name().split('_').any(|word| PERSONAL.contains(&word)) {
                continue;
            }
            if PERSONAL_EXCEPTIONS.iter().any(|(exception, _)| *exception == name) {
                met.insert(name);
            } else {
                findings.push(format!("{name}: {} sends it to a device", short_name(method)));
            }
        }
    }
    assert_none(&findings);
    assert_eq!(met.len(), PERSONAL_EXCEPTIONS.len(), "an exception names no field: {met:?}");
}

#[test]
fn no_answer_carries_a_pin_but_a_new_one_and_three_carry_a_token() {
    let mut tokens = Vec::new();
    for method in methods() {
        for message in closure(&method.output()) {
            let carries = message.get_field_by_name("pin").is_some();
            assert_eq!(
                carries,
                GIVEN_PINS.contains(&short_name(&method).as_str()),
                "{}",
                message.full_name()
            );
            tokens.extend(message.get_field_by_name("patron_token").map(|_| short_name(&method)));
        }
    }
    assert_eq!(
        tokens,
        [
            "PatronService.AuthenticatePatron",
            "PatronService.OpenWardSession",
            "LoanService.OpenPatronSession"
        ]
    );
}

#[test]
fn instants_are_timestamps_and_nothing_is_a_fraction() {
    let mut findings = Vec::new();
    for field in messages().flat_map(|message| message.fields().collect::<Vec<_>>()) {
        let instant = field.name().ends_with("_at") || field.name().ends_with("_time");
        if instant != is_message(&field, "google.protobuf.Timestamp") {
            findings.push(format!(
                "{}: the name of an instant and the type of one go together",
                short_field(&field)
            ));
        }
        if matches!(field.kind(), Kind::Float | Kind::Double) {
            findings.push(format!("{}: amounts are whole numbers", short_field(&field)));
        }
    }
    assert_none(&findings);
}

#[test]
fn a_package_lies_in_its_folder() {
    for file in files() {
        let folder = file.package_name().replace('.', "/");
        assert!(file.name().starts_with(&format!("{folder}/")), "{}", file.name());
    }
}
