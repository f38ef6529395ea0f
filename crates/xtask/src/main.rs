//! Tasks of the project, called as `cargo xtask <task>`. `cargo xtask help` lists them.
//!
//! Plain standard library, so that it builds in a second before anything else does.

mod advisories;
mod ci;
mod lint;
mod problem;
mod run;
mod smoke;
mod test;
mod tools;

use problem::{Outcome, Problem};
use run::Project;
use std::{env, process::ExitCode};

const HELP: &str = "\
cargo xtask <task>

  test [FILTER..]   every test: installs what they need, then runs the suite on both engines, the
                    documentation's examples and the checks of the contract. With arguments, only
                    cargo-nextest, which gets them: `cargo xtask test -p kortisto-domain`
  lint              formatting, clippy, documentation, contract, dependencies, shell scripts
  smoke             the demo on an empty folder, and a client in Python that asks it
  ci                lint, smoke, then test: what must pass before a change lands
  tools             only installs what the others need
  help              this text

Environment:
  CI                    set: no questions, Cargo.lock must be up to date, one run tells all failures
  KORTISTO_ADVISORY_DB  the RustSec database for `lint`: a folder or a .tar.zst of it
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let task = arguments.first().map_or("help", String::as_str);
    match perform(task, arguments.get(1..).unwrap_or_default()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\nxtask {task}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: &str, rest: &[String]) -> Outcome {
    let project = Project::find()?;
    match (task, rest) {
        ("test", filters) => test::run(&project, filters),
        ("lint", []) => lint::run(&project),
        ("ci", []) => ci::run(&project),
        ("smoke", []) => smoke::run(&project),
        ("tools", []) => tools::ensure_all(&project),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            Ok(())
        }
        ("lint" | "smoke" | "ci" | "tools", [first, ..]) => {
            Err(Problem::new(format!("it takes no `{first}`")))
        }
        _ => Err(Problem::new(format!("there is no such task\n\n{HELP}"))),
    }
}
