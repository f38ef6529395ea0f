//! `kortisto audit`: whether the audit trail is the one that was written.

use super::{Failure, Outcome, open};
use clap::Subcommand;
use kortisto_register::audit::{self, ChainReport, Head};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Recompute the chain from its first row, and name the first number that is not right.
    Verify {
        /// Signed heads that were kept on another machine. Without them, a trail that was cut off or written anew
        /// together with the database's own heads cannot be told.
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
    /// Print the signed heads in the database, one a line, under the public key they are signed with.
    Heads,
}

pub(super) async fn run(file: Option<&Path>, command: AuditCommand) -> Outcome {
    let config = open::config(file)?;
    let keys = open::keys(&config)?;
    // The whole trail may be long.
    let store = open::migrating_store(&config).await?;
    let public_key = keys.audit_public_key();
    match command {
        AuditCommand::Verify { heads } => {
            let kept = heads.map(|path| read_heads(&path)).transpose()?.unwrap_or_default();
            let report = audit::verify(store.readers(), &public_key, &kept)
                .await
                .map_err(|error| Failure::of("audit", &error))?;
            Ok(tell(&report, kept.len()))
        }
        AuditCommand::Heads => {
            let heads = audit::heads(store.readers()).await.map_err(|error| Failure::of("audit", &error))?;
            println!("# public key {}", hex::encode(public_key));
            for head in heads {
                let note = if head.is_signed_by(&public_key) { "" } else { " # NOT SIGNED BY THIS KEY" };
                println!("{head}{note}");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn read_heads(path: &Path) -> Result<Vec<Head>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("audit: {}: {error}", path.display())))?;
    audit::parse_heads(&text).map_err(|fault| Failure::new(format!("audit: {}: {fault}", path.display())))
}

fn tell(report: &ChainReport, kept: usize) -> ExitCode {
    println!(
        "{} row(s) and {} signed head(s) are right; {} row(s) with erased values, {} that name no item any more, {} not \
         sealed yet.",
        report.rows, report.heads, report.erased, report.forgotten, report.unsealed
    );
    if let Some(number) = report.late {
        println!("Note: number {number} was sealed long after younger rows. Did a server stand still then?");
    }
    if kept == 0 {
        println!("Note: no heads from elsewhere were given (--heads); this machine's word stands alone.");
    }
    match report.fault {
        None => {
            println!("The chain is whole.");
            ExitCode::SUCCESS
        }
        Some((number, fault)) => {
            println!("WRONG at number {number}: {fault}.");
            ExitCode::FAILURE
        }
    }
}
