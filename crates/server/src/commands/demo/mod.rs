//! `kortisto demo`: a small library in a folder, served for real, and four devices that ask it.
//!
//! | step | file |
//! |---|---|
//! | keys, authority, certificates, configuration | `house` |
//! | branches, policies, titles, items, patrons | `library`, by the imports everybody uses |
//! | a device gets its certificate and connects | `device` |
//! | what is asked and answered | `play`; at the desk `desk` |
//! | what to try next | `next` |

mod desk;
mod device;
mod house;
mod library;
mod next;
mod play;

use super::{Failure, Outcome, migrate, open, serve::serve_with};
use crate::{shutdown::signals, telemetry, tls::crypto};
use clap::Args;
use house::House;
use kortisto_vault::HashCost;
use std::{path::PathBuf, process::ExitCode, sync::Arc};
use tokio::sync::oneshot;

/// Where the demo lives and listens.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The folder for keys, certificates and the database; made if need be, used again if there.
    #[arg(long, default_value = "data/demo")]
    data: PathBuf,
    /// The port of the device endpoint; the enrolment endpoint has the next one.
    #[arg(long, default_value_t = 7443)]
    port: u16,
    /// Stop after the play instead of serving on.
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(args: DemoArgs) -> Outcome {
    let house = House::furnish(&args.data, args.port)?;
    let config = open::config(Some(&house.config_path))?;
    let _telemetry =
        telemetry::start(&config.log, &config.telemetry).map_err(|fault| Failure::of("telemetry", &fault))?;
    crypto::install_default();
    println!("A small library in {}: keys, authority and certificates are made.", house.folder.display());

    // The first server on a new file migrates it; afterwards a newer version does.
    let register = {
        let store = open::serving_store(&config).await?;
        migrate::migrate(&store).await?;
        store.close().await;
        drop(store);
        Arc::new(open::register(&config, HashCost::RECOMMENDED).await?)
    };
    library::stock(&register, &config).await?;

    let (play_over, over) = oneshot::channel::<()>();
    let stop_signal = signals().map_err(|error| Failure::of("signals", &error))?;
    let once = args.once;
    let signal = async move {
        tokio::select! {
            () = stop_signal => {}
            _ = over, if once => {}
        }
    };
    let mut serving = tokio::spawn({
        let (config, register) = (config.clone(), Arc::clone(&register));
        async move { Box::pin(serve_with(&config, register, signal)).await }
    });
    let played = tokio::select! {
        played = play::play(&house, &register, &config) => played,
        served = &mut serving => {
            served.map_err(|error| Failure::of("serving", &error))??;
            return Ok(ExitCode::SUCCESS);
        }
    };
    if played.is_ok() && !once {
        library::place_hold(&register).await.map_err(|error| Failure::of("library", &error))?;
        next::print(&house);
    }
    drop(play_over);
    if let Err(failure) = played {
        serving.abort();
        return Err(failure);
    }
    serving.await.map_err(|error| Failure::of("serving", &error))??;
    Ok(ExitCode::SUCCESS)
}
