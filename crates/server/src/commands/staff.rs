//! `kortisto staff`: staff accounts and their duties, by hand. Administrators do the same at a desk; the first of them
//! comes from here.

use super::{Failure, Outcome, open};
use chrono::{DateTime, Utc};
use clap::{Subcommand, builder::PossibleValuesParser};
use kortisto_domain::{StaffAccountState, StaffRole};
use kortisto_register::{
    RegisterError,
    staff::accounts::{
        OneTimePassword, StaffAccountRecord, StaffRoleRecord,
        operator::{Operator, RoleGrant},
    },
};
use secrecy::ExposeSecret as _;
use std::{path::Path, process::ExitCode, time::Duration};
use tokio::time::Instant;

/// How long a command waits for the database.
const DEADLINE: Duration = Duration::from_secs(10);

const ROLES: [&str; 6] = ["desk", "home-service", "billing", "administrator", "data-protection", "vendor"];

#[derive(Debug, Subcommand)]
pub(super) enum StaffCommand {
    /// Make a personal account and print its one-time password, which has to be changed at the first use.
    Add {
        /// The name to sign in with: 3 to 50 characters of a-z, 0-9, '.', '-' and '_'.
        user_name: String,
        /// The person's name.
        #[arg(long)]
        name: String,
    },
    /// List accounts and the duties that stand.
    List,
    /// Shut an account, also in sessions that run.
    Disable {
        /// The account.
        user_name: String,
    },
    /// Open a shut account again.
    Enable {
        /// The account.
        user_name: String,
    },
    /// Grant a duty.
    Grant {
        /// The account.
        user_name: String,
        /// The duty.
        #[arg(value_parser = PossibleValuesParser::new(ROLES))]
        role: String,
        /// When it ends by itself (RFC 3339); without it, when it is revoked. A vendor's ends within 72 hours.
        #[arg(long)]
        until: Option<DateTime<Utc>>,
        /// The ticket of the fault that a vendor mends.
        #[arg(long)]
        ticket: Option<String>,
    },
    /// Revoke a duty, also in sessions that run.
    Revoke {
        /// The account.
        user_name: String,
        /// The duty.
        #[arg(value_parser = PossibleValuesParser::new(ROLES))]
        role: String,
    },
    /// Print a new one-time password and end the account's sessions.
    ResetPassword {
        /// The account.
        user_name: String,
    },
}

pub(super) async fn run(file: Option<&Path>, command: StaffCommand) -> Outcome {
    let config = open::config(file)?;
    let store = open::store(&config).await?;
    let surroundings = open::surroundings(&config);
    let operator =
        Operator { store: &store, surroundings: &surroundings, deadline: Instant::now() + DEADLINE };
    let role = |word: &str| StaffRole::from_word(word).ok_or_else(|| Failure::new("staff: unknown duty"));
    match command {
        StaffCommand::Add { user_name, name } => {
            let keys = open::keys(&config)?;
            let vault = open::small_vault(&config, &keys);
            let password =
                operator.add(user_name.clone(), name, &keys, &vault).await.map_err(|error| failed(&error))?;
            show(&password, &user_name);
        }
        StaffCommand::ResetPassword { user_name } => {
            let keys = open::keys(&config)?;
            let vault = open::small_vault(&config, &keys);
            let password = operator
                .reset_password(user_name.clone(), &keys, &vault)
                .await
                .map_err(|error| failed(&error))?;
            show(&password, &user_name);
        }
        StaffCommand::List => list(operator.list().await.map_err(|error| failed(&error))?),
        StaffCommand::Disable { user_name } => {
            let state = StaffAccountState::Disabled;
            operator.set_state(user_name.clone(), state).await.map_err(|error| failed(&error))?;
            println!("{user_name} is shut out from the next call on.");
        }
        StaffCommand::Enable { user_name } => {
            let state = StaffAccountState::Active;
            operator.set_state(user_name.clone(), state).await.map_err(|error| failed(&error))?;
            println!("{user_name} may sign in again.");
        }
        StaffCommand::Grant { user_name, role: word, until, ticket } => {
            let grant = RoleGrant { user_name: user_name.clone(), role: role(&word)?, until, ticket };
            operator.grant(grant).await.map_err(|error| failed(&error))?;
            println!("{user_name} has the duty {word}.");
        }
        StaffCommand::Revoke { user_name, role: word } => {
            operator.revoke(user_name.clone(), role(&word)?).await.map_err(|error| failed(&error))?;
            println!("{user_name} has the duty {word} no more.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The password alone on standard output, so that it can be handed on.
fn show(password: &OneTimePassword, user_name: &str) {
    println!("{}", password.0.expose_secret());
    eprintln!(
        "One-time password of {user_name}: hand it over in person; it has to be changed at the first use."
    );
}

fn list(accounts: Vec<StaffAccountRecord>) {
    println!("{:<24} {:<28} {:<9} DUTIES", "USER NAME", "NAME", "STATE");
    for record in accounts {
        let duties: Vec<_> = record.roles.iter().map(duty).collect();
        let note = if record.account.undertaken_at.is_some() { "" } else { "  (no undertaking yet)" };
        println!(
            "{:<24} {:<28} {:<9} {}{note}",
            record.account.user_name,
            record.account.display_name,
            record.state.word(),
            duties.join(", "),
        );
    }
}

fn duty(role: &StaffRoleRecord) -> String {
    let mut text = role.role.word().to_owned();
    if let Some(ticket) = &role.ticket {
        text.push_str(&format!(" for {ticket}"));
    }
    if let Some(end) = role.valid_until {
        text.push_str(&format!(" until {}", end.format("%Y-%m-%d %H:%MZ")));
    }
    text
}

fn failed(error: &RegisterError) -> Failure {
    Failure::of("staff", error)
}
