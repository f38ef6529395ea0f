//! The permission table as text, so that a change of it shows in review.

use super::rpc::methods;
use kortisto_domain::DeviceKind;
use kortisto_register::permissions::{known_fields, may_ask, may_call, may_show};
use std::{fmt::Write as _, fs, path::Path};

/// Where the text is kept, from the package's folder.
const SNAPSHOT: &str = "suite/coverage/permissions.txt";

fn marks(may: impl Fn(DeviceKind) -> bool) -> String {
    let mark = |kind: &DeviceKind| if may(*kind) { "yes" } else { "-" };
    DeviceKind::ALL.iter().fold(String::new(), |line, kind| format!("{line} {:>14}", mark(kind)))
}

fn table() -> String {
    let mut text = String::new();
    let kinds =
        DeviceKind::ALL.iter().fold(String::new(), |line, kind| format!("{line} {:>14}", kind.word()));
    writeln!(text, "{:<40}{kinds}", "who may call (rpc), set (>) and see (<)").unwrap();
    for method in methods() {
        let (asks, shows) = known_fields(method.rpc);
        writeln!(text, "\n{:<40}{}", method.name, marks(|kind| may_call(kind, method.rpc))).unwrap();
        for field in asks {
            writeln!(text, "  > {field:<36}{}", marks(|kind| may_ask(kind, method.rpc, field))).unwrap();
        }
        for field in shows {
            writeln!(text, "  < {field:<36}{}", marks(|kind| may_show(kind, method.rpc, field))).unwrap();
        }
    }
    text
}

#[test]
fn the_permission_table_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let now = table();
    assert!(reviewed == now, "the table changed. If that is meant, put this into tests/{SNAPSHOT}:\n\n{now}");
}
