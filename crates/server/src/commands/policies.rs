//! `kortisto policies`: says what a policy file would do, before it is imported.

use super::{Failure, Outcome, import, open};
use clap::{Args, Subcommand};
use kortisto_register::{
    imports::{ImportError, Source},
    policies::{
        self, Outlook,
        dry_run::{Effects, Right, Side},
    },
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};
use tokio::task::spawn_blocking;

/// Policy files are TOML; docs/import.md describes them.
#[derive(Debug, Subcommand)]
pub(crate) enum PoliciesCommand {
    /// Check a file against the register: every fault with its line, or how many rows it would change.
    Check(FileArgs),
    /// Say who would gain or lose which right tomorrow if the file were imported. Changes nothing.
    DryRun(FileArgs),
}

/// A policy file.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// The file; - for standard input.
    pub(crate) file: PathBuf,
}

/// Runs the command.
pub(super) async fn run(config_file: Option<&Path>, command: PoliciesCommand) -> Outcome {
    let config = open::config(config_file)?;
    let store = open::store(&config).await?;
    let outcome = match command {
        PoliciesCommand::Check(args) => match source(args).await {
            Ok(source) => policies::check(&store, source).await.map(told_of_check),
            Err(error) => Err(error),
        },
        PoliciesCommand::DryRun(args) => match source(args).await {
            Ok(source) => {
                let effects = policies::dry_run(&store, &open::surroundings(&config), source).await;
                effects.map(|effects| told(&effects))
            }
            Err(error) => Err(error),
        },
    };
    store.close().await;
    match outcome {
        Ok(text) => {
            print!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        // Nothing would have been imported here in any case.
        Err(ImportError::Refused { name, faults }) => {
            Err(Failure::new(format!("policies\n{faults}{} in {name}", counted(faults.total(), "fault"))))
        }
        Err(error) => Err(Failure::new(format!("policies\n{error}"))),
    }
}

async fn source(args: FileArgs) -> Result<Source, ImportError> {
    let name = args.file.display().to_string();
    let opened =
        spawn_blocking(move || import::source(&args.file)).await.map_err(|_| ImportError::Internal)?;
    opened.map_err(|error| ImportError::Unreadable { name, kind: error.kind() })
}

fn told_of_check(outlook: Outlook) -> String {
    let Outlook { created, changed, unchanged } = outlook;
    format!("no fault; {created} would be created, {changed} changed, {unchanged} are there already\n")
}

/// What would change, a line for each right at each branch, with the first patrons.
fn told(effects: &Effects) -> String {
    let mut lines = Vec::new();
    for (subject, effect) in &effects.changes {
        let words = [subject.branch.as_str(), word(subject.right), &subject.material, &subject.collection];
        let what = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        for (side, verb) in [(&effect.gained, "gained by"), (&effect.lost, "lost by")] {
            if side.count > 0 {
                lines.push(format!("{what}: {verb} {}: {}\n", counted(side.count, "patron"), named(side)));
            }
        }
    }
    if lines.is_empty() {
        lines.push("nobody would gain or lose a right\n".to_owned());
    }
    lines.push(format!("{} looked at\n", counted(effects.patrons, "patron")));
    lines.concat()
}

fn named(side: &Side) -> String {
    let more = side.count - side.numbers.len() as u64;
    let numbers = side.numbers.join(" ");
    if more == 0 { numbers } else { format!("{numbers} and {more} more") }
}

const fn word(right: Right) -> &'static str {
    match right {
        Right::Borrow => "borrow",
        Right::BorrowRated => "borrow-rated",
        Right::Enter => "enter",
        Right::UsePc => "use-pc",
    }
}

fn counted(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
