//! What gRPC health says: SERVING only while the database answers and the server is not stopping.

use crate::{
    serve::SERVICES,
    shutdown::{Phase, Stop},
};
use kortisto_register::Register;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tonic_health::{ServingStatus, server::HealthReporter};

/// Time between two looks at the database.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// How long the database may take to answer one look.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

/// Looks in a row without an answer until health says so: one may be a failover's hiccup.
const MISSES_MAX: u32 = 2;

/// Sets the state of the server and of each service.
pub async fn set(reporter: &HealthReporter, serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    for service in std::iter::once("").chain(SERVICES.iter().copied()) {
        reporter.set_service_status(service, status).await;
    }
}

/// Looks at the database until the server begins to stop.
pub async fn watch(register: Arc<Register>, reporter: HealthReporter, stop: Stop) {
    let mut looks = interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut misses, mut said) = (0, None);
    let stopping = stop.reached(Phase::LameDuck);
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            () = &mut stopping => return,
            _ = looks.tick() => {}
        }
        match register.store().ping(Instant::now() + LOOK_LIMIT).await {
            Ok(()) => misses = 0,
            Err(error) => {
                misses += 1;
                if misses == MISSES_MAX {
                    tracing::error!(%error, "the database does not answer; health says NOT_SERVING");
                }
            }
        }
        let serving = misses < MISSES_MAX;
        if said != Some(serving) && stop.phase() == Phase::Serving {
            set(&reporter, serving).await;
            said = Some(serving);
        }
    }
}
