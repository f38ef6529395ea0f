//! `kortisto serve`.

use super::{Failure, Outcome, open};
use crate::{
    Now,
    config::Config,
    notices::NoticeWorker,
    serve::{Serving, serve},
    shutdown::{Stopped, signals},
    telemetry,
    tls::{TlsReloader, crypto},
};
use kortisto_register::{Clock as _, Register, SystemClock, audit::Sealer, jobs::Runner};
use kortisto_vault::HashCost;
use std::{future::Future, path::Path, process::ExitCode, sync::Arc};
use tokio::net::TcpListener;

pub(super) async fn run(file: Option<&Path>) -> Outcome {
    let config = open::config(file)?;
    let _telemetry =
        telemetry::start(&config.log, &config.telemetry).map_err(|fault| Failure::of("telemetry", &fault))?;
    crypto::install_default();
    let register = Arc::new(open::register(&config, HashCost::RECOMMENDED).await?);
    telemetry::metrics::start(&config.metrics).map_err(|fault| Failure::of("metrics", &fault))?;
    let signal = signals().map_err(|error| Failure::of("signals", &error))?;
    let stopped = Box::pin(serve_with(&config, register, signal)).await?;
    if stopped == Stopped::Cut {
        tracing::warn!("connections were cut at the drain limit");
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves a register as configured until `signal` ends.
pub(super) async fn serve_with(
    config: &Config,
    register: Arc<Register>,
    signal: impl Future<Output = ()>,
) -> Result<Stopped, Failure> {
    let now: Now = Arc::new(|| SystemClock.now());
    let tls =
        TlsReloader::load(config.tls.files(), now).map_err(|fault| Failure::of("certificates", &fault))?;
    let bind = async |addr| {
        TcpListener::bind(addr)
            .await
            .map_err(|error| Failure::new(format!("cannot listen at {addr}: {error}")))
    };
    let notices = NoticeWorker::new(Arc::clone(&register), config.notices.every());
    let sealer = Sealer::new(&register, config.audit.heads_file.clone());
    let runner = config.jobs.in_server.then(|| Runner::new(Arc::clone(&register)));
    let serving = Serving {
        register,
        tls,
        devices: bind(config.listen.addr).await?,
        enrolment: bind(config.listen.enrolment_addr).await?,
        languages: config.consortium.languages.clone(),
        connection_max: config.listen.connection_max,
        in_flight_max: config.limits.rpc_in_flight_max,
        deadline_max: config.limits.deadline(),
        drain: config.drain.limits(),
        reflection: config.reflection,
        openid: open::openid(config)?,
        sealer: Some(sealer),
        runner,
        notices: Some(notices),
    };
    tracing::info!(addr = %config.listen.addr, enrolment_addr = %config.listen.enrolment_addr, "serving");
    serve(serving, signal).await.map_err(|error| Failure::of("serving", &error))
}
