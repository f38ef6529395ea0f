//! What a comment has to say, since it is all that a vendor reads.

use super::{assert_none, field_comment, method_comment, methods, short_name};
use prost_reflect::Kind;

/// Longest deadline that an rpc may ask for, in seconds: a patron stands waiting.
const DEADLINE_SECONDS_MAX: u32 = 5;

#[test]
fn every_rpc_states_effect_deadline_and_retry() {
    let mut findings = Vec::new();
    for method in methods() {
        let (name, comment) = (short_name(&method), method_comment(&method));
        if !comment.contains("Effect: ") {
            findings.push(format!("{name}: no effect"));
        }
        if !(comment.contains("Safe to retry") ^ comment.contains("Not safe to retry")) {
            findings.push(format!("{name}: safe to retry or not?"));
        }
        match deadline_seconds(&comment) {
            Some(1..=DEADLINE_SECONDS_MAX) => {}
            other => findings.push(format!("{name}: deadline {other:?}")),
        }
    }
    assert_none(&findings);
}

/// The number in "Deadline: 5 s".
fn deadline_seconds(comment: &str) -> Option<u32> {
    let (number, rest) = comment.split_once("Deadline: ")?.1.split_once(' ')?;
    rest.starts_with('s').then(|| number.parse().ok())?
}

#[test]
fn every_string_of_a_request_has_a_bound() {
    let mut findings = Vec::new();
    for method in methods() {
        for field in method.input().fields().filter(|field| matches!(field.kind(), Kind::String)) {
            if !states_a_bound(&field_comment(&field)) {
                findings.push(format!("{}: how long may it be?", field.full_name()));
            }
        }
    }
    assert_none(&findings);
}

/// Whether a number stands before a unit of length somewhere.
fn states_a_bound(comment: &str) -> bool {
    let words: Vec<&str> = comment.split(' ').collect();
    let unit =
        |word: &str| ["characters", "digits", "KiB", "printable"].iter().any(|unit| word.starts_with(unit));
    words.windows(2).any(|pair| pair[0].parse::<u32>().is_ok() && unit(pair[1]))
}

#[test]
fn the_rules_can_fail() {
    assert_eq!(deadline_seconds("Effect: none. Deadline: 2 s without a PIN"), Some(2));
    assert_eq!(deadline_seconds("Deadline: soon."), None);
    assert!(states_a_bound("UUID. 36 characters."));
    assert!(states_a_bound("1 to 64 printable characters."));
    assert!(!states_a_bound("The token of the page."));
}
