//! The table of duties as text, so that a change of it shows in review.

use super::world::methods;
use kortisto_domain::StaffRole;
use kortisto_register::staff::duties;
use std::{fmt::Write as _, fs, path::Path};

/// Where the text is kept, from the package's folder.
const SNAPSHOT: &str = "suite/staff/duties.txt";

fn table() -> String {
    let mut text = String::new();
    let roles = StaffRole::ALL.iter().fold(String::new(), |line, role| format!("{line} {:>15}", role.word()));
    writeln!(text, "{:<44}{roles}  purposes", "who may call").unwrap();
    for method in methods() {
        let mark = |role: &StaffRole| if duties::may_call(&[*role], method.rpc) { "yes" } else { "-" };
        let marks =
            StaffRole::ALL.iter().fold(String::new(), |line, role| format!("{line} {:>15}", mark(role)));
        let purposes: Vec<_> = duties::purposes(method.rpc).iter().map(|purpose| purpose.word()).collect();
        writeln!(text, "{:<44}{marks}  {}", method.name, purposes.join(" ")).unwrap();
    }
    text.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

#[test]
fn the_table_of_duties_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    let reviewed = fs::read_to_string(&path).unwrap_or_default();
    let now = table();
    assert!(reviewed == now, "the table changed. If that is meant, put this into tests/{SNAPSHOT}:\n\n{now}");
}

#[test]
fn the_table_names_no_rpc_that_the_contract_lacks() {
    let known: Vec<_> = methods().into_iter().map(|method| method.rpc).collect();
    for rpc in duties::rpcs() {
        assert!(known.contains(&rpc), "{} is not in the contract", rpc.name());
    }
}
