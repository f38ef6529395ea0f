//! `kortisto ban`: places and lifts bans by hand.

use super::{Failure, Outcome, open};
use chrono::{DateTime, SubsecRound as _, Utc};
use clap::{Subcommand, builder::PossibleValuesParser};
use kortisto_domain::BanKind;
use kortisto_register::{
    bans::{self, NewBan},
    staff::bans::BanTerms,
};
use std::{path::Path, process::ExitCode, time::Duration};
use tokio::time::Instant;

/// How long a command waits for the database.
const DEADLINE: Duration = Duration::from_secs(10);

const KINDS: [&str; 3] = ["lending", "use", "self-service"];

#[derive(Debug, Subcommand)]
pub(super) enum BanCommand {
    /// Place a ban; it holds from the next question on, at every device.
    Place {
        /// A card of the patron.
        card: String,
        /// What it forbids.
        #[arg(long, value_parser = PossibleValuesParser::new(KINDS))]
        kind: String,
        /// The code of the branch; without it, everywhere. A use ban names one.
        #[arg(long)]
        branch: Option<String>,
        /// When it ends by itself (RFC 3339); without it, when it is lifted. A use ban lasts 30 days at most.
        #[arg(long)]
        until: Option<DateTime<Utc>>,
        /// Why, for the record; patrons and devices never see it.
        #[arg(long)]
        reason: String,
        /// Who decided. A use ban says so.
        #[arg(long)]
        decision_maker: Option<String>,
        /// What the patron said when heard, or why nobody was. A use ban says so.
        #[arg(long)]
        heard: Option<String>,
        /// How to claim a correction. A use ban says so.
        #[arg(long)]
        appeal: Option<String>,
    },
    /// Lift every ban of a kind.
    Lift {
        /// A card of the patron.
        card: String,
        /// What was forbidden.
        #[arg(long, value_parser = PossibleValuesParser::new(KINDS))]
        kind: String,
        /// Why, for the record.
        #[arg(long)]
        reason: Option<String>,
    },
}

pub(super) async fn run(file: Option<&Path>, command: BanCommand) -> Outcome {
    let config = open::config(file)?;
    let store = open::store(&config).await?;
    let surroundings = open::surroundings(&config);
    let deadline = Instant::now() + DEADLINE;
    let parse = |word: &str| BanKind::from_word(word).ok_or_else(|| Failure::new("ban: unknown kind"));
    match command {
        BanCommand::Place { card, kind, branch, until, reason, decision_maker, heard, appeal } => {
            let terms = BanTerms {
                kind: parse(&kind)?,
                branch,
                starts_at: None,
                ends_at: until.map(|end| end.trunc_subsecs(6)),
                grounds: reason,
                decision_maker,
                heard,
                appeal,
            };
            let ban = NewBan { card_number: card, terms };
            bans::place(&store, &surroundings, ban, deadline)
                .await
                .map_err(|fault| Failure::of("ban", &fault))?;
            println!("The ban holds from now on.");
        }
        BanCommand::Lift { card, kind, reason } => {
            let lifted = bans::lift(&store, &surroundings, card, parse(&kind)?, reason, deadline)
                .await
                .map_err(|fault| Failure::of("ban", &fault))?;
            println!("{lifted} ban(s) lifted.");
        }
    }
    Ok(ExitCode::SUCCESS)
}
