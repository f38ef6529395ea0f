//! `kortisto import`: brings branches, policies, titles, items and patrons in from files.

use super::{Failure, Outcome, open};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use kortisto_register::{
    Surroundings,
    imports::{self, ImportError, ImportKind, ImportOptions, ImportReport, Source},
};
use kortisto_store::Store;
use kortisto_vault::Keys;
use std::{
    io::{self, IsTerminal as _},
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{task::spawn_blocking, time::Instant};

/// How long one import may last: a million PINs on two cores take little over two hours.
const IMPORT_DURATION_MAX: Duration = Duration::from_secs(4 * 60 * 60);

/// The file name that stands for standard input.
const STDIN: &str = "-";

/// What the bar shows while an import runs.
const BAR: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {elapsed}";

/// A file and what it holds. One file is one transaction: all of its rows are imported or none, and the same
/// file once more changes nothing. docs/import.md describes the columns.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// What the file holds.
    pub(crate) kind: KindArg,
    /// A CSV file in UTF-8 with a header, for policies also TOML, for titles and items also MARC 21, for opening hours JSON; - for standard input.
    pub(crate) file: PathBuf,
}

/// What can be imported, best in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Branches with their opening hours and resources.
    Branches,
    /// Opening hours of single days, as JSON in the shape of Kirkanta's schedules.
    OpeningHours,
    /// Decided values.
    Policies,
    /// Titles, from plain columns, MARC fields or records of MARC 21.
    Titles,
    /// Items of titles, from columns or records of MARC 21.
    Items,
    /// Patrons with a card each.
    Patrons,
}

impl From<KindArg> for ImportKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Branches => Self::Branches,
            KindArg::OpeningHours => Self::OpeningHours,
            KindArg::Policies => Self::Policies,
            KindArg::Titles => Self::Titles,
            KindArg::Items => Self::Items,
            KindArg::Patrons => Self::Patrons,
        }
    }
}

/// The command: imports, and tells how it went. Bad rows are listed on standard error, with exit code 1.
pub(super) async fn command(config_file: Option<&Path>, args: ImportArgs) -> Outcome {
    let config = open::config(config_file)?;
    let store = open::store(&config).await?;
    // Only PINs need them, and the import says so when they are missing.
    let keys = if args.kind == KindArg::Patrons { open::keys(&config).ok() } else { None };
    let report = run(args, &store, &open::surroundings(&config), keys).await;
    store.close().await;
    match report {
        Ok(report) => {
            println!("{report}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(Failure::new(format!("import\n{error}"))),
    }
}

/// Imports a file into a store whose schema is up to date. Shows a bar while standard error is a terminal.
///
/// # Errors
/// [`ImportError`]; nothing was imported then.
pub(crate) async fn run(
    args: ImportArgs,
    store: &Store,
    surroundings: &Surroundings,
    keys: Option<Arc<Keys>>,
) -> Result<ImportReport, ImportError> {
    let name = args.file.display().to_string();
    let opened = spawn_blocking(move || source(&args.file)).await.map_err(|_| ImportError::Internal)?;
    let source = opened.map_err(|error| ImportError::Unreadable { name, kind: error.kind() })?;
    let kind = ImportKind::from(args.kind);
    let bar = bar(kind, source.bytes());
    let shown = bar.clone();
    let options = ImportOptions {
        keys,
        pin_threads: thread::available_parallelism().map_or(1, NonZero::get),
        progress: Arc::new(move |bytes| shown.set_position(bytes)),
        ..ImportOptions::default()
    };
    let deadline = Instant::now() + IMPORT_DURATION_MAX;
    let outcome = imports::import(store, surroundings, kind, source, options, deadline).await;
    bar.finish_and_clear();
    outcome
}

pub(super) fn source(file: &Path) -> io::Result<Source> {
    if file.as_os_str() == STDIN {
        Source::spool(io::stdin().lock(), "standard input")
    } else {
        Source::open(file)
    }
}

/// A bar on a terminal, and nothing elsewhere.
fn bar(kind: ImportKind, bytes: u64) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(BAR).expect("the template is constant and right");
    ProgressBar::new(bytes).with_style(style).with_message(kind.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_word_on_the_command_line() {
        let words: Vec<String> = KindArg::value_variants()
            .iter()
            .filter_map(|kind| Some(kind.to_possible_value()?.get_name().to_owned()))
            .collect();
        assert_eq!(words, ImportKind::ALL.map(ImportKind::word));
        for kind in KindArg::value_variants() {
            let word = kind.to_possible_value().map(|value| value.get_name().to_owned());
            assert_eq!(word.as_deref(), Some(ImportKind::from(*kind).word()));
        }
    }
}
