//! A refusal is an answer: how verdicts and reasons are given.

use super::{POOL, assert_none, method_comment, methods, short_name};
use prost_reflect::{Kind, MessageDescriptor};
use std::collections::BTreeSet;

const VERDICT: &str = "kortisto.common.v1.Verdict";
const REFUSAL: &str = "kortisto.common.v1.Refusal";
const REASON_PREFIX: &str = "REFUSAL_REASON_";

fn has_verdict(response: &MessageDescriptor) -> bool {
    response.get_field_by_name("verdict").is_some_and(
        |field| matches!(field.kind(), Kind::Enum(kind) if kind.full_name() == VERDICT && !field.is_list()),
    )
}

fn has_refusals(response: &MessageDescriptor) -> bool {
    response
        .get_field_by_name("refusals")
        .is_some_and(|field| super::is_message(&field, REFUSAL) && field.is_list())
}

/// The reasons that exist, without their prefix.
fn reasons() -> BTreeSet<String> {
    let kind = POOL.get_enum_by_name("kortisto.common.v1.RefusalReason").unwrap();
    let names = kind.values().filter(|value| value.number() != 0);
    names.map(|value| value.name().strip_prefix(REASON_PREFIX).unwrap().to_owned()).collect()
}

/// The reasons that a comment names: words of capitals between "Reasons" and "Deadline".
fn named(comment: &str) -> BTreeSet<String> {
    let Some((_, from)) = comment.split_once("Reasons") else { return BTreeSet::new() };
    let list = from.split("Deadline").next().unwrap_or_default();
    let words = list.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let is_code = |word: &&str| {
        word.contains('_') || (word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    words.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn a_deciding_response_has_verdict_and_refusals() {
    let mut findings = Vec::new();
    for method in methods() {
        let (name, response) = (short_name(&method), method.output());
        let decides = method_comment(&method).contains("Reasons");
        if has_verdict(&response) != decides || has_refusals(&response) != decides {
            findings.push(format!("{name}: a comment with reasons, a verdict and refusals go together"));
        }
    }
    assert_none(&findings);
}

#[test]
fn every_reason_named_exists_and_every_reason_is_named() {
    let reasons = reasons();
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for method in methods() {
        let named = named(&method_comment(&method));
        let unknown = named.difference(&reasons);
        findings.extend(unknown.map(|reason| format!("{}: no such reason {reason}", short_name(&method))));
        used.extend(named);
    }
    findings.extend(reasons.difference(&used).map(|reason| format!("{reason}: no rpc gives it")));
    assert_none(&findings);
}

#[test]
fn the_reasons_of_a_comment_are_found() {
    let comment =
        "Opens a loan. Reasons, in order: LENDING_BAN, CLOSED; for PC booking also USE_BAN. Deadline: 5 s.";
    let expected = ["CLOSED", "LENDING_BAN", "USE_BAN"].map(str::to_owned);
    assert_eq!(named(comment), BTreeSet::from(expected));
    assert!(named("Effect: an UPPERCASE_WORD. Deadline: 5 s.").is_empty());
}
