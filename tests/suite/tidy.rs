//! Habits that a machine can hold, so that no reviewer has to.

use crate::repository::{Tracked, tracked};

/// Longest file of Rust, in lines. A longer one holds two things.
const LINES_MAX: usize = 600;

/// Longest file of Rust that half of them may exceed, in lines.
const LINES_MEDIAN_MAX: usize = 200;

/// What may lie at the top. A new name there is a decision, not an accident.
const TOP_LEVEL: [&str; 18] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "buf.yaml",
    "build.rs",
    "clippy.toml",
    "crates",
    "deny.toml",
    "deploy",
    "docs",
    "migrations",
    "package-lock.json",
    "package.json",
    "proto",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "tests",
];

/// Files that tools write.
const GENERATED: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// Words and where they may stand. Each is put together here so that this file does not find itself.
const BANNED: [(&str, &[&str]); 11] = [
    (concat!("TO", "DO"), &[]),
    (concat!("FIX", "ME"), &[]),
    (concat!("XX", "X"), &[]),
    (concat!("todo", "!("), &[]),
    (concat!("dbg", "!("), &[]),
    (concat!("#[al", "low("), &[]),
    // The second is the one place where a turn of a lane opens.
    (concat!(".be", "gin()"), &["crates/store/", "crates/register/src/desk/load.rs"]),
    (concat!("Status::", "new("), &["crates/server/src/status.rs"]),
    (concat!("/ho", "me/"), &[]),
    (concat!("/ro", "ot/"), &[]),
    (concat!("/wo", "rk/"), &[]),
];

/// Fails with every finding at once.
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// Text that people write, with its path.
fn written(files: &[Tracked]) -> impl Iterator<Item = (&str, &str)> {
    let by_people = files.iter().filter(|file| !GENERATED.contains(&file.path.as_str()));
    by_people.filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
}

fn rust(files: &[Tracked]) -> impl Iterator<Item = (&str, &str)> {
    written(files).filter(|(path, _)| path.ends_with(".rs"))
}

#[test]
fn files_are_short() {
    let files = tracked();
    let mut lengths: Vec<_> = rust(&files).map(|(path, text)| (text.lines().count(), path)).collect();
    lengths.sort_unstable();
    let (median, _) = lengths[lengths.len() / 2];
    assert!(median <= LINES_MEDIAN_MAX, "half of the files exceed {median} lines");
    let long = lengths.iter().filter(|(lines, _)| *lines > LINES_MAX);
    assert_none(
        &long.map(|(lines, path)| format!("{path}: {lines} lines, {LINES_MAX} at most")).collect::<Vec<_>>(),
    );
}

#[test]
fn every_file_of_rust_says_what_it_is_for() {
    let files = tracked();
    let silent = rust(&files).filter(|(_, text)| !text.starts_with("//! "));
    assert_none(&silent.map(|(path, _)| format!("{path}: starts without //!")).collect::<Vec<_>>());
}

#[test]
fn banned_words_are_where_they_may_be() {
    let files = tracked();
    let mut findings = Vec::new();
    for (path, text) in written(&files) {
        for (word, places) in BANNED {
            if places.iter().any(|place| path.starts_with(place)) {
                continue;
            }
            let lines = text.lines().enumerate().filter(|(_, line)| line.contains(word));
            findings.extend(lines.map(|(number, _)| format!("{path}:{}: {word}", number + 1)));
        }
    }
    assert_none(&findings);
}

#[test]
fn text_is_plain() {
    let files = tracked();
    let mut findings = Vec::new();
    for (path, text) in written(&files) {
        if !text.is_empty() && !text.ends_with('\n') {
            findings.push(format!("{path}: no newline at the end"));
        }
        for (number, line) in text.split('\n').enumerate() {
            if line.contains(['\t', '\r']) || line.ends_with(' ') {
                findings.push(format!("{path}:{}: tab, carriage return or space at the end", number + 1));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let files = tracked();
    let tops = files.iter().map(|file| file.path.split('/').next().unwrap_or_default());
    let strange = tops.filter(|top| !top.starts_with('.') && !TOP_LEVEL.contains(top));
    assert_none(&strange.map(|top| format!("{top}: does not belong at the top")).collect::<Vec<_>>());
}

#[test]
fn scripts_and_nothing_else_are_executable() {
    let files = tracked();
    let is_script = |file: &Tracked| file.text.as_deref().is_some_and(|text| text.starts_with("#!/"));
    let wrong = files.iter().filter(|file| is_script(file) != file.executable);
    assert_none(
        &wrong.map(|file| format!("{}: script or executable, but not both", file.path)).collect::<Vec<_>>(),
    );
}

#[test]
fn every_package_takes_the_lints_of_the_workspace() {
    let files = tracked();
    let manifests = written(&files).filter(|(path, _)| path.ends_with("Cargo.toml"));
    let free = manifests.filter(|(_, text)| !text.contains("[lints]\nworkspace = true\n"));
    assert_none(&free.map(|(path, _)| format!("{path}: no [lints] workspace = true")).collect::<Vec<_>>());
}
