//! `kortisto device`: what an operator does with devices.

use super::{Failure, Outcome, open};
use clap::{Subcommand, builder::PossibleValuesParser};
use kortisto_domain::DeviceKind;
use kortisto_register::{
    Surroundings,
    devices::manage::{self, ManageFault, NewDevice},
};
use kortisto_store::Store;
use secrecy::ExposeSecret as _;
use std::{path::Path, process::ExitCode, time::Duration};
use tokio::time::Instant;

/// How long a command waits for the database.
const DEADLINE: Duration = Duration::from_secs(10);

const KINDS: [&str; 7] =
    ["self-checkout", "door", "pc-booking", "locker", "e-lending", "online-library", "desk"];

#[derive(Debug, Subcommand)]
pub(super) enum DeviceCommand {
    /// Make a one-time code, good for ten minutes, with which a device gets its certificate.
    Enroll {
        /// A name of your choice, unique, 1 to 64 characters.
        name: String,
        /// What the device is; it never changes.
        #[arg(long, value_parser = PossibleValuesParser::new(KINDS))]
        kind: String,
        /// The code of the branch where it stands.
        #[arg(long)]
        branch: String,
    },
    /// Make a new one-time code for a device whose certificate has ended or whose key is lost.
    Renew {
        /// The device's name.
        name: String,
    },
    /// List devices.
    List,
    /// Let a device try PINs again after too many cards failed at it.
    Release {
        /// The device's name.
        name: String,
    },
    /// Shut a device out for good, also on connections that are open.
    Revoke {
        /// The device's name.
        name: String,
    },
}

pub(super) async fn run(file: Option<&Path>, command: DeviceCommand) -> Outcome {
    let config = open::config(file)?;
    let store = open::store(&config).await?;
    let surroundings = open::surroundings(&config);
    let deadline = Instant::now() + DEADLINE;
    match command {
        DeviceCommand::Enroll { name, kind, branch } => {
            let kind = DeviceKind::from_word(&kind).ok_or_else(|| Failure::new("device: unknown kind"))?;
            enroll(&store, &surroundings, NewDevice { name, kind, branch }, deadline).await?;
        }
        DeviceCommand::Renew { name } => {
            let devices = manage::list(&store).await.map_err(|fault| failed(&fault))?;
            let known = devices.into_iter().find(|device| device.name == name);
            let device = known.ok_or_else(|| failed(&ManageFault::NoDevice(name)))?;
            let again = NewDevice { name: device.name, kind: device.kind, branch: device.branch };
            enroll(&store, &surroundings, again, deadline).await?;
        }
        DeviceCommand::List => list(&store).await?,
        DeviceCommand::Release { name } => {
            manage::release(&store, &surroundings, name.clone(), deadline)
                .await
                .map_err(|fault| failed(&fault))?;
            println!("{name} may try PINs again.");
        }
        DeviceCommand::Revoke { name } => {
            manage::revoke(&store, &surroundings, name.clone(), deadline)
                .await
                .map_err(|fault| failed(&fault))?;
            println!("{name} is shut out from its next call on.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn enroll(
    store: &Store,
    surroundings: &Surroundings,
    new: NewDevice,
    deadline: Instant,
) -> Result<(), Failure> {
    let name = new.name.clone();
    let code = manage::create_enrolment_code(store, surroundings, new, deadline)
        .await
        .map_err(|fault| failed(&fault))?;
    println!("{}", code.printed().expose_secret());
    eprintln!(
        "One-time code for {name}: it can be used once, within ten minutes, at the enrolment endpoint."
    );
    Ok(())
}

async fn list(store: &Store) -> Result<(), Failure> {
    let devices = manage::list(store).await.map_err(|fault| failed(&fault))?;
    println!(
        "{:<24} {:<14} {:<10} {:<8} {:<17} {:<17}",
        "NAME", "KIND", "BRANCH", "STATE", "LAST SEEN", "CERTIFICATE ENDS"
    );
    for device in devices {
        let minute = |at: Option<chrono::DateTime<chrono::Utc>>| {
            at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%d %H:%MZ").to_string())
        };
        let note =
            if device.pin_suspended_at.is_some() { "  PINs wait for `kortisto device release`" } else { "" };
        println!(
            "{:<24} {:<14} {:<10} {:<8} {:<17} {:<17}{note}",
            device.name,
            device.kind.word(),
            device.branch,
            device.state.word(),
            minute(device.last_seen_at),
            minute(device.certificate_expires_at),
        );
    }
    Ok(())
}

fn failed(fault: &ManageFault) -> Failure {
    Failure::of("device", fault)
}
