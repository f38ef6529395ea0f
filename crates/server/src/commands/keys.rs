//! `kortisto keys`: the file with the secrets of the vault.

use super::{Failure, Outcome, open};
use crate::config::Config;
use clap::Subcommand;
use kortisto_register::key_care::{self, SealedKind};
use kortisto_vault::{KeyId, Keys, SystemRandom};
use std::{path::Path, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make the key file, mode 0600; never overwrites one.
    Create,
    /// Add a new PIN key that nobody uses yet. Copy the file to every server before `rotate`.
    PrepareRotation,
    /// Use the newest PIN key from now on. Old PINs are hashed anew as their patrons type them.
    Rotate,
    /// Move every PIN, password and identity code to the key in use. Run it again when it was stopped.
    Rekey {
        /// Rows of one transaction.
        #[arg(long, default_value_t = key_care::BATCH_ROWS_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=key_care::BATCH_ROWS_MAX))]
        batch: u64,
    },
    /// Say how many rows cannot be read without each key, and name those of one key.
    Rows {
        /// The key whose rows are named.
        id: Option<i16>,
    },
}

pub(super) async fn run(file: Option<&Path>, command: &KeysCommand) -> Outcome {
    let config = open::config(file)?;
    let path = open::key_path(&config)?;
    let failed = |fault: kortisto_vault::KeyFault| Failure::of("keys", &fault);
    match command {
        KeysCommand::Create => {
            Keys::create(&path, &SystemRandom).map_err(failed)?;
            println!(
                "Made {}. Keep a copy apart from the database: without it no PIN can be verified.",
                path.display()
            );
        }
        KeysCommand::PrepareRotation => {
            let id = Keys::prepare_rotation(&path, &SystemRandom).map_err(failed)?;
            println!(
                "Added PIN key {}. Copy {} to every server, restart them, then run `kortisto keys rotate`.",
                id.0,
                path.display()
            );
        }
        KeysCommand::Rotate => {
            let keys = Keys::rotate(&path, &SystemRandom).map_err(failed)?;
            println!("PIN key {} is in use after the next restart of each server.", keys.current().0);
        }
        KeysCommand::Rekey { batch } => return rekey(&config, *batch).await,
        KeysCommand::Rows { id } => return rows(&config, id.map(KeyId)).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Moves the rows, and says what is left to do.
async fn rekey(config: &Config, batch: u64) -> Outcome {
    let keys = open::keys(config)?;
    let store = open::store(config).await?;
    let surroundings = open::surroundings(config);
    let report = key_care::rekey(&store, &surroundings, &keys, batch, |_, _| {})
        .await
        .map_err(|error| Failure::of("keys", &error))?;
    println!("Key {} is in use.", keys.current());
    let mut whole = true;
    for kind in report {
        println!(
            "{:<16} {:>8} moved, {} unreadable, {} changed meanwhile",
            kind.kind.word(),
            kind.moved,
            kind.unreadable,
            kind.left
        );
        whole &= kind.unreadable == 0 && kind.left == 0;
    }
    if whole {
        println!(
            "Every row is sealed under it. The peppers of older keys go as patrons type their PINs: `kortisto keys rows`."
        );
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::new(
        "keys: rows are left. Unreadable ones need a key that the file lacks, or were damaged; for the others restart every server and run this again",
    ))
}

/// Prints the table of keys and rows, and the rows of one key.
async fn rows(config: &Config, named: Option<KeyId>) -> Outcome {
    let keys = open::keys(config)?;
    let store = open::store(config).await?;
    let tally = key_care::rows(&store, &keys, named, |kind, name| println!("{}\t{name}", kind.word()))
        .await
        .map_err(|error| Failure::of("keys", &error))?;
    let mut heading = format!("{:<6}", "key");
    for kind in SealedKind::ALL {
        heading.push_str(&format!(" {:>16}", kind.word()));
    }
    println!("{heading}");
    let mut ids: Vec<KeyId> = keys.ids().chain(tally.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let mut line = format!("{:<6}", id.0);
        for kind in SealedKind::ALL {
            line.push_str(&format!(" {:>16}", tally.count(id, kind)));
        }
        let note = if id == keys.current() {
            "  in use"
        } else if !keys.ids().any(|known| known == id) {
            "  not in the key file: its rows are lost"
        } else {
            ""
        };
        println!("{line}{note}");
    }
    Ok(ExitCode::SUCCESS)
}
