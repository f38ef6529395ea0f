//! The commands of the binary `kortisto`, one file each.

mod audit;
mod ban;
mod check;
mod demo;
mod device;
mod import;
mod jobs;
mod keys;
mod migrate;
mod open;
mod policies;
mod serve;
mod staff;

use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// The patron register of a library consortium, asked live.
#[derive(Debug, Parser)]
#[command(name = "kortisto", version, about, max_term_width = 100)]
pub struct Cli {
    /// The configuration file. Without it, defaults and the environment (KORTISTO__SECTION__KEY) apply.
    #[arg(long, short, global = true, env = "KORTISTO_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve devices until SIGTERM or SIGINT.
    Serve,
    /// Set up a small library in a folder, serve it, and play a kiosk, a door and a PC-booking program.
    Demo(demo::DemoArgs),
    /// Bring the database to the schema of this version.
    Migrate(migrate::MigrateArgs),
    /// Bring branches, opening hours, policies, titles, items or patrons in from a file.
    Import(import::ImportArgs),
    /// Check a policy file, or say who would gain or lose which right by it.
    #[command(subcommand)]
    Policies(policies::PoliciesCommand),
    /// Enrol, list, renew, release and revoke devices.
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// Place and lift bans.
    #[command(subcommand)]
    Ban(ban::BanCommand),
    /// Make, list and shut staff accounts, and grant duties. The first administrator comes from here.
    #[command(subcommand)]
    Staff(staff::StaffCommand),
    /// Check the chain over the audit trail, and show its signed heads.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make and rotate the key file, move rows to the newest key, and say which rows hang on which key.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// List, run and look back on the work that time sets off.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Say what is wrong with configuration, keys, certificates, database and clock, and how to mend it.
    Check,
}

/// Why a command failed: one line for a person, saying what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    /// A failure with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A failure of something outside, with what was being done.
    #[must_use]
    pub fn of(doing: &str, error: &dyn std::error::Error) -> Self {
        Self(format!("{doing}: {error}"))
    }
}

/// What a command ends with: success, a failure that it has told about itself, or one to tell.
type Outcome = Result<ExitCode, Failure>;

/// Runs the command of the command line.
pub async fn run(cli: Cli) -> ExitCode {
    let config = cli.config.as_deref();
    let outcome = match cli.command {
        Command::Serve => Box::pin(serve::run(config)).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Migrate(args) => migrate::run(config, args).await,
        Command::Import(args) => import::command(config, args).await,
        Command::Policies(command) => policies::run(config, command).await,
        Command::Device(command) => device::run(config, command).await,
        Command::Ban(command) => ban::run(config, command).await,
        Command::Staff(command) => staff::run(config, command).await,
        Command::Audit(command) => audit::run(config, command).await,
        Command::Keys(command) => keys::run(config, &command).await,
        Command::Jobs(command) => jobs::run(config, command).await,
        Command::Check => check::run(config).await,
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("kortisto: {failure}");
        ExitCode::FAILURE
    })
}
