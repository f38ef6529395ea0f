//! What the documentation promises to say about everything.

use crate::repository::root;
use kortisto::common::v1::ErrorReason;
use kortisto_server::status;
use std::{collections::BTreeSet, fs};

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

/// What stands in backticks in a cell.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Every rpc, as "PatronService.GetPatron".
fn rpcs() -> Vec<String> {
    let pool = prost_reflect::DescriptorPool::decode(kortisto::FILE_DESCRIPTOR_SET).unwrap();
    pool.services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| format!("{}.{}", method.parent_service().name(), method.name()))
        .collect()
}

#[test]
fn every_requirement_has_its_row_and_every_row_names_what_there_is() {
    let page = fs::read_to_string(root().join("docs/requirements.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| A"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let expected: Vec<_> =
        (1..=84)
            .chain(113..=119)
            .flat_map(|number| {
                if number == 74 { vec!["A74".into(), "A74b".into()] } else { vec![format!("A{number}")] }
            })
            .collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), expected);
    let rpcs = rpcs();
    let entities = fs::read_to_string(root().join("crates/store/src/entities/mod.rs")).unwrap();
    for row in rows {
        let [name, _, of_rpcs, of_tables, shown] = row.as_slice() else { panic!("{row:?}") };
        for rpc in quoted(of_rpcs) {
            assert!(rpcs.iter().any(|known| known == rpc), "{name}: there is no rpc {rpc}");
        }
        for table in quoted(of_tables) {
            assert!(entities.contains(&format!("pub mod {table};")), "{name}: there is no table {table}");
        }
        for path in quoted(shown) {
            assert!(root().join(path).exists(), "{name}: there is no {path}");
        }
        assert!(!shown.is_empty(), "{name}: shown by what?");
    }
}

/// Names of the tests in the files of a folder of the suite that run on both engines.
fn tests_in(folder: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(root().join(folder)).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let both = text.split_once("on_both_engines! {").map_or("", |(_, both)| both);
        let tests = both.lines().filter_map(|line| line.strip_prefix("    async fn "));
        names.extend(tests.map(|test| test.split_once('(').unwrap().0.to_owned()));
    }
    names
}

#[test]
fn every_row_of_peers_has_its_test_and_every_test_its_row() {
    let page = fs::read_to_string(root().join("docs/peers.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rpcs = rpcs();
    let mut tests = BTreeSet::new();
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, what, of_rpcs, test] = cells.as_slice() else { panic!("{row}") };
        assert!(!name.is_empty() && !what.is_empty(), "{row}");
        assert!(quoted(of_rpcs).count() > 0, "{name}: by which rpc?");
        for rpc in quoted(of_rpcs) {
            assert!(rpcs.iter().any(|known| known == rpc), "{name}: there is no rpc {rpc}");
        }
        let [test] = quoted(test).collect::<Vec<_>>()[..] else { panic!("{name}: one test") };
        assert!(tests.insert(test.to_owned()), "{test} shows two rows");
    }
    assert_eq!(tests, tests_in("tests/suite/peers"));
}
