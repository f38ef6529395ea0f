//! What the documentation promises to say about everything.

use crate::repository::root;
use kortisto::common::v1::ErrorReason;
use kortisto_server::status;
use std::fs;

/// Who does something next, in every section.
const WHO: [&str; 3] = ["- **Device:** ", "- **Librarian:** ", "- **Operator:** "];

fn reasons() -> impl Iterator<Item = (&'static str, ErrorReason)> {
    let sent = (1..).map_while(|number| ErrorReason::try_from(number).ok());
    sent.map(|reason| (reason.as_str_name().strip_prefix("ERROR_REASON_").unwrap(), reason))
}

/// INVALID_ARGUMENT for `InvalidArgument`.
fn name_of(code: tonic::Code) -> String {
    let mut name = String::new();
    for c in format!("{code:?}").chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_uppercase());
    }
    name
}

#[test]
fn every_error_reason_says_what_to_do_next() {
    let page = fs::read_to_string(root().join("docs/status-codes.md")).unwrap();
    let sections: Vec<(&str, &str)> =
        page.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap()).collect();
    for (name, reason) in reasons() {
        let code = name_of(status::code(reason));
        let row = format!("\n| {name} | {code} | ");
        assert!(page.contains(&row), "docs/status-codes.md: the table lacks {row:?}");
        let (_, text) = sections
            .iter()
            .find(|(title, _)| *title == name)
            .unwrap_or_else(|| panic!("docs/status-codes.md: no section {name}"));
        assert!(text.trim().starts_with(&code), "docs/status-codes.md: {name} does not begin with {code}");
        for who in WHO {
            assert!(text.contains(who), "docs/status-codes.md: {name} lacks {who:?}");
        }
    }
    assert_eq!(sections.len(), reasons().count(), "docs/status-codes.md has a section of no reason");
}
