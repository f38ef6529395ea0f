//! Copies the counters of lanes and vault into the metrics.

use kortisto_register::Register;
use metrics::{counter, gauge};
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// Time between two copies.
const COPY_INTERVAL: Duration = Duration::from_secs(5);

/// Copies for as long as it is polled.
pub async fn lanes_and_vault(register: Arc<Register>) {
    let mut ticks = interval(COPY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        for (index, (lane, stats)) in register.lane_stats().into_iter().enumerate() {
            let labels = [("lane", format!("{lane}-{index}"))];
            counter!("kortisto_lane_turns_total", &labels).absolute(stats.turns);
            counter!("kortisto_lane_operations_total", &labels).absolute(stats.operations);
            counter!("kortisto_lane_deferred_total", &labels).absolute(stats.deferred);
            counter!("kortisto_lane_halved_total", &labels).absolute(stats.halved);
            counter!("kortisto_lane_failed_total", &labels).absolute(stats.failed);
            counter!("kortisto_lane_busy_total", &labels).absolute(stats.busy);
            counter!("kortisto_lane_panics_total", &labels).absolute(stats.panics);
            #[expect(clippy::cast_precision_loss, reason = "a queue is far shorter than 2^52")]
            gauge!("kortisto_lane_queue", &labels).set(stats.queue_depth as f64);
        }
        let vault = register.vault();
        counter!("kortisto_vault_verified_total").absolute(vault.verified());
        counter!("kortisto_vault_hashed_total").absolute(vault.hashed());
        counter!("kortisto_vault_shed_total").absolute(vault.shed());
        counter!("kortisto_vault_skipped_total").absolute(vault.skipped());
        counter!("kortisto_vault_unreadable_total").absolute(vault.unreadable());
        counter!("kortisto_vault_panicked_total").absolute(vault.panicked());
        #[expect(clippy::cast_precision_loss, reason = "a queue is far shorter than 2^52")]
        gauge!("kortisto_vault_queue").set(vault.depth() as f64);
    }
}
