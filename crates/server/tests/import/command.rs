//! The command line: standard input, the report, exit codes.

use crate::kit::{BRANCHES, Database, Kit};
use kortisto_testkit::register::Engine;
use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

/// Runs `kortisto import` on the database of the kit.
fn import(kit: &Kit, arguments: &[&str], stdin: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kortisto"))
        .arg("import")
        .args(arguments)
        .env("KORTISTO__DATABASE__URL", kit.database.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read.
    let _ = command.stdin.take().unwrap().write_all(stdin.as_bytes());
    command.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn standard_input_is_imported_and_the_report_goes_where_it_belongs() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let kit = Kit::start(engine).await;
        let good = import(&kit, &["branches", "-"], BRANCHES);
        assert!(good.status.success(), "{}", text(&good.stderr));
        assert_eq!(text(&good.stdout), "branches: 2 rows: 2 created, 0 changed, 0 unchanged\n");
        assert_eq!(text(&good.stderr), "", "no bar where no terminal is");

        let bad = import(&kit, &["branches", "-"], "code,name,municipality\nX,,1\n");
        assert_eq!(bad.status.code(), Some(1));
        let report = text(&bad.stderr);
        assert!(report.contains("line 2, name: empty"), "{report}");
        assert!(report.contains("2 faults in standard input: nothing was imported"), "{report}");
        assert_eq!(text(&bad.stdout), "");
        assert_eq!(kit.count("branches").await, 2);
        assert!(matches!(kit.database, Database::Sqlite(_)) == (engine == Engine::Sqlite));
    }
}

#[tokio::test]
async fn a_file_is_imported_and_a_missing_one_named() {
    let kit = Kit::start(Engine::Sqlite).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(BRANCHES.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    assert!(import(&kit, &["branches", path], "").status.success());
    let missing = import(&kit, &["branches", "no-such-file.csv"], "");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("no-such-file.csv cannot be read"), "{}", text(&missing.stderr));
    assert_eq!(import(&kit, &["loans", path], "").status.code(), Some(2));
}
