//! `kortisto keys`: the file with the secrets of the vault.

use super::{Failure, Outcome, open};
use clap::Subcommand;
use kortisto_vault::{Keys, SystemRandom};
use std::{path::Path, process::ExitCode};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Make the key file, mode 0600; never overwrites one.
    Create,
    /// Add a new PIN key that nobody uses yet. Copy the file to every server before `rotate`.
    PrepareRotation,
    /// Use the newest PIN key from now on. Old PINs are hashed anew as their patrons type them.
    Rotate,
}

pub(super) fn run(file: Option<&Path>, command: &KeysCommand) -> Outcome {
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
    }
    Ok(ExitCode::SUCCESS)
}
