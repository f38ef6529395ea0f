//! How the server stops: it says so, lets calls end, and does not wait for those who never do.
//!
//! 1. lame duck: health answers NOT_SERVING and systemd is told, while calls are still taken, so that
//!    load balancers and devices turn away;
//! 2. draining: no new connections, open ones get GOAWAY, calls under way end;
//! 3. cut: what is left after the drain limit is closed. A client that connects and stays silent would
//!    otherwise hold a graceful stop up for ever (hyperium/hyper#4170).

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::watch;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::{info, warn};

/// Time for which a stopping server still takes calls, in milliseconds.
pub const LAME_DUCK_MILLIS: u64 = 1000;

/// Time for connections to notice that they have been cut, in milliseconds.
const CUT_MILLIS: u64 = 500;

/// How far the server is on its way out. Phases only go forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Calls are taken.
    Serving,
    /// Calls are taken, and health says NOT_SERVING.
    LameDuck,
    /// Calls under way end; new connections are not taken.
    Draining,
    /// Connections are closed.
    Cut,
}

/// The phase of the server, shared by everything that has to know.
#[derive(Debug, Clone)]
pub struct Stop {
    phase: watch::Sender<Phase>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { phase: watch::Sender::new(Phase::Serving) }
    }
}

impl Stop {
    /// The phase now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Goes on to a phase; does nothing when the server is there or further already.
    pub fn advance(&self, phase: Phase) {
        self.phase.send_if_modified(|current| {
            let forward = *current < phase;
            if forward {
                *current = phase;
            }
            forward
        });
    }

    /// Ends when the server has reached a phase or gone past it.
    pub fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + use<> {
        let mut current = self.phase.subscribe();
        async move {
            if current.wait_for(|current| *current >= phase).await.is_err() {
                // Nobody is left who could advance.
                std::future::pending::<()>().await;
            }
        }
    }
}

/// How long each phase may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrainLimits {
    /// Time between NOT_SERVING and the end of taking connections.
    pub lame_duck: Duration,
    /// Time for calls under way.
    pub drain: Duration,
}

/// How the server stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every connection ended by itself.
    Drained,
    /// Connections were left at the drain limit and have been closed.
    Cut,
}

/// Serves until `signal` ends, then stops as the module says. `serving` has to end by itself some time
/// after [`Phase::Draining`] is reached, as `serve_with_incoming_shutdown(.., stop.reached(Phase::Draining))`
/// does. `services` are the names that health knows, "" for the server as a whole is added.
///
/// # Errors
/// What `serving` answers, also when it ends before the signal.
pub async fn serve_until<E>(
    signal: impl Future<Output = ()>,
    serving: impl Future<Output = Result<(), E>>,
    stop: &Stop,
    health: &HealthReporter,
    services: &[&str],
    limits: DrainLimits,
) -> Result<Stopped, E> {
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        served = &mut serving => return served.map(|()| Stopped::Drained),
        () = signal => {}
    }
    info!("stopping");
    announce(&[NotifyState::Stopping]);
    stop.advance(Phase::LameDuck);
    for service in std::iter::once(&"").chain(services) {
        health.set_service_status(*service, ServingStatus::NotServing).await;
    }
    if let Ok(served) = tokio::time::timeout(limits.lame_duck, &mut serving).await {
        return served.map(|()| Stopped::Drained);
    }
    stop.advance(Phase::Draining);
    if let Ok(served) = tokio::time::timeout(limits.drain, &mut serving).await {
        info!("stopped: every connection has ended");
        return served.map(|()| Stopped::Drained);
    }
    stop.advance(Phase::Cut);
    warn!(drain_seconds = limits.drain.as_secs_f64(), "drain limit passed; closing what is left");
    match tokio::time::timeout(Duration::from_millis(CUT_MILLIS), &mut serving).await {
        Ok(served) => served.map(|()| Stopped::Cut),
        Err(_) => Ok(Stopped::Cut),
    }
}

/// Ends at SIGTERM or SIGINT.
///
/// # Errors
/// When the process may not listen to signals.
pub fn signals() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Tells systemd that the server takes calls. Does nothing without systemd.
pub fn announce_ready() {
    announce(&[NotifyState::Ready]);
}

/// Tells systemd that the server lives, twice in each of its intervals, for as long as it is polled.
/// `alive` may ask more than that tasks run; false keeps silent, and systemd restarts the server.
pub async fn feed_watchdog(alive: impl Fn() -> bool + Send) {
    let Some(interval) = sd_notify::watchdog_enabled() else {
        return;
    };
    let mut ticks = tokio::time::interval(interval / 2);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if alive() {
            announce(&[NotifyState::Watchdog]);
        }
    }
}

fn announce(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "cannot tell systemd");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn phases_only_go_forward() {
        let stop = Stop::default();
        let draining = stop.reached(Phase::Draining);
        stop.advance(Phase::Cut);
        stop.advance(Phase::LameDuck);
        assert_eq!(stop.phase(), Phase::Cut);
        draining.await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_takes_no_longer_than_its_limits() {
        let limits = DrainLimits { lame_duck: Duration::from_secs(1), drain: Duration::from_secs(10) };
        let (stop, health) = (Stop::default(), HealthReporter::new());
        let begun = tokio::time::Instant::now();
        let never = std::future::pending::<Result<(), ()>>();
        let stopped = serve_until(async {}, never, &stop, &health, &[], limits).await;
        assert_eq!(stopped, Ok(Stopped::Cut));
        assert_eq!(begun.elapsed(), Duration::from_millis(11_000 + CUT_MILLIS));
    }

    #[tokio::test(start_paused = true)]
    async fn serving_that_fails_ends_the_server_at_once() {
        let limits = DrainLimits { lame_duck: Duration::from_secs(1), drain: Duration::from_secs(10) };
        let (stop, health) = (Stop::default(), HealthReporter::new());
        let serving = async { Err("address in use") };
        let stopped = serve_until(std::future::pending(), serving, &stop, &health, &[], limits).await;
        assert_eq!(stopped, Err("address in use"));
    }
}
