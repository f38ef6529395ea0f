//! Sets the delivery of notices going every few seconds, on every server: a lease on each notice keeps two from
//! delivering the same one.

use crate::shutdown::{Phase, Stop};
use kortisto_register::{
    Register,
    jobs::JobOrder,
    notices::{DELIVERY_BATCH_MAX, Delivered, Halt},
};
use metrics::counter;
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How long one transaction of the delivery may take.
const BATCH_LIMIT: Duration = Duration::from_secs(10);

/// Longest time for one message that the configuration may give, in seconds.
pub(crate) const MESSAGE_SECONDS_MAX: u64 = 50;

/// How long the end of the server waits for notices that are under way: for the longest message and its record. systemd
/// has to wait longer before it kills.
pub(crate) const DELIVERY_END_LIMIT: Duration =
    Duration::from_secs(MESSAGE_SECONDS_MAX + BATCH_LIMIT.as_secs());

/// How long one round goes on before the next one.
const ROUND_LIMIT: Duration = Duration::from_secs(5);

/// Delivers notices while the server runs.
pub struct NoticeWorker {
    register: Arc<Register>,
    every: Duration,
}

impl NoticeWorker {
    /// Looks for what is due as often as this.
    #[must_use]
    pub const fn new(register: Arc<Register>, every: Duration) -> Self {
        Self { register, every }
    }

    /// Delivers until the server stops taking calls. No other message is begun then; what is under way is waited for,
    /// so that what was handed out is recorded.
    pub async fn run(self, stop: Stop) {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut draining = Box::pin(stop.reached(Phase::Draining));
        let (halt, mut failing) = (Halt::default(), false);
        while !halt.is_called() {
            tokio::select! {
                () = &mut draining => return,
                _ = ticks.tick() => {}
            }
            let order = JobOrder {
                batch: DELIVERY_BATCH_MAX,
                batch_limit: BATCH_LIMIT,
                ..JobOrder::within(ROUND_LIMIT)
            };
            let mut delivering = std::pin::pin!(self.register.deliver_notices(order, &halt));
            let delivered = tokio::select! {
                delivered = &mut delivering => delivered,
                () = &mut draining => {
                    halt.call();
                    delivering.await
                }
            };
            match delivered {
                Ok(done) => {
                    failing = false;
                    count(done);
                }
                // The database may be away; what is not delivered now is delivered later.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "notices are not delivered at present");
                }
                Err(_) => {}
            }
        }
    }
}

fn count(done: Delivered) {
    for (outcome, notices) in [
        ("sent", done.sent),
        ("later", done.later),
        ("failed", done.failed),
        ("dropped", done.dropped),
        ("undeliverable", done.undeliverable),
    ] {
        counter!("kortisto_notices_total", "outcome" => outcome).increment(notices);
    }
}
