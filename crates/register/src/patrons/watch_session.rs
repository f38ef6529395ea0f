//! `PatronService.WatchPatronSession`: what becomes of a session while it runs.
//!
//! The stream gives states, not events: the first one at once, then one whenever it differs from the last. So a
//! device that was cut off asks again and has missed nothing, and one that is slow to read gets the newest state
//! and no queue grows. A signal makes the watch look at once; a look now and then finds what no signal announces:
//! a card that expires, a ban that begins by itself, a line that is down.

use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
};
use chrono::{DateTime, Utc};
use kortisto_domain::{Decision, authenticate};
use kortisto_store::Signal;
use sea_orm::ConnectionTrait;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, broadcast, watch},
    time::{Instant, sleep, timeout},
};
use uuid::Uuid;

/// Sessions watched at once on one server. Each costs a few kilobytes and a read every
/// [`LOOK_INTERVAL`](crate::RegisterOptions::look_interval).
pub(crate) const WATCHES_MAX: usize = 4096;

/// How long one look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(3);

/// When to ask again after a server that watches enough already.
const FULL_RETRY: Duration = Duration::from_secs(5);

/// The session to watch.
#[derive(Debug, Clone)]
pub struct WatchSession {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
}

/// How a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStanding {
    /// Whether the patron may go on, and if not, every reason.
    pub decision: Decision,
    /// Whether the session is over. Nothing follows then.
    pub ended: bool,
    /// The patron's language, while the session runs.
    pub language: Option<String>,
    /// When this was so.
    pub at: DateTime<Utc>,
}

/// A session that is being watched. Dropping it ends the watch.
pub struct SessionWatch {
    register: Arc<Register>,
    ask: WatchSession,
    /// What was seen and not yet given out.
    next: Option<SessionStanding>,
    /// What was given out last.
    last: Option<SessionStanding>,
    patron: Option<i64>,
    signals: broadcast::Receiver<Signal>,
    stopping: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl std::fmt::Debug for SessionWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionWatch")
    }
}

/// One look at a session.
struct Look {
    standing: SessionStanding,
    patron: Option<i64>,
    subject: Option<Uuid>,
}

impl Register {
    /// Begins to watch a session.
    ///
    /// # Errors
    /// [`RegisterError`]; [`Overloaded`](RegisterError::Overloaded) when the server watches enough already.
    pub async fn watch_session(
        self: &Arc<Self>,
        ask: WatchSession,
        deadline: Instant,
    ) -> Result<SessionWatch, RegisterError> {
        let permit = Arc::clone(&self.watches)
            .try_acquire_owned()
            .map_err(|_| RegisterError::Overloaded { retry_after: FULL_RETRY })?;
        // Before the first look, so that nothing falls between the two.
        let (signals, stopping) = (self.signals.subscribe(), self.stopping.subscribe());
        let look = self.look_recorded(&ask, deadline).await?;
        Ok(SessionWatch {
            register: Arc::clone(self),
            ask,
            next: Some(look.standing),
            last: None,
            patron: look.patron,
            signals,
            stopping,
            _permit: permit,
        })
    }

    /// Ends every watch, so that devices go to a server that stays.
    pub fn end_watches(&self) {
        self.stopping.send_replace(true);
    }

    /// A look that leaves its audit row.
    async fn look_recorded(
        self: &Arc<Self>,
        ask: &WatchSession,
        deadline: Instant,
    ) -> Result<Look, RegisterError> {
        let (register, ask) = (Arc::clone(self), ask.clone());
        self.store
            .unit_of_work("watch_patron_session", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move {
                    let asking =
                        Asking::load(&register, transaction, &ask.caller, Some(&ask.token_hash), None)
                            .await?;
                    let look = look_at(&asking)?;
                    let (decision, subject) = (&look.standing.decision, look.subject);
                    record(&register, transaction, &asking, "watch_patron_session", decision, subject)
                        .await?;
                    Ok(look)
                })
            })
            .await
    }

    /// A look that only reads.
    async fn look(
        &self,
        connection: &impl ConnectionTrait,
        ask: &WatchSession,
    ) -> Result<Look, RegisterError> {
        look_at(&Asking::load(self, connection, &ask.caller, Some(&ask.token_hash), None).await?)
    }
}

fn look_at(asking: &Asking) -> Result<Look, RegisterError> {
    let device = asking.admit(Rpc::WatchPatronSession)?;
    let at = asking.moment.at();
    Ok(match asking.party_of_running_session() {
        None => Look {
            standing: SessionStanding {
                decision: Decision::refused(kortisto_domain::Reason::SessionEnded),
                ended: true,
                language: None,
                at,
            },
            patron: None,
            subject: None,
        },
        Some(party) => Look {
            standing: SessionStanding {
                decision: authenticate::decide(
                    &party.card,
                    &party.patron,
                    device.kind,
                    device.branch_id,
                    &asking.moment,
                ),
                ended: false,
                language: Some(party.language.clone()),
                at,
            },
            patron: Some(party.patron_id),
            subject: Some(party.pseudonym),
        },
    })
}

impl SessionWatch {
    /// The next standing that differs from the last one given; `None` after the session's end. May be dropped while
    /// it waits and called again.
    ///
    /// # Errors
    /// [`RegisterError`]; the watch is over then: [`DeviceRevoked`](RegisterError::DeviceRevoked) for a device that
    /// lost its right, [`Unavailable`](RegisterError::Unavailable) when the server stops or the database is gone.
    pub async fn next(&mut self) -> Result<Option<SessionStanding>, RegisterError> {
        loop {
            if let Some(standing) = self.next.take() {
                self.last = Some(standing.clone());
                return Ok(Some(standing));
            }
            if self.last.as_ref().is_some_and(|last| last.ended) {
                return Ok(None);
            }
            self.until_a_look_is_due().await?;
            let look = self.register.look(self.register.store.readers(), &self.ask);
            let look = timeout(LOOK_LIMIT, look).await.map_err(|_| RegisterError::Unavailable)??;
            let changed = self.last.as_ref().is_none_or(|last| {
                last.decision != look.standing.decision || last.ended != look.standing.ended
            });
            if changed {
                self.next = Some(self.recorded(look).await?);
            }
        }
    }

    async fn until_a_look_is_due(&mut self) -> Result<(), RegisterError> {
        let (register, patron, device) = (&self.register, self.patron, self.ask.caller.device_id);
        let now_and_then = sleep(register.look_interval);
        tokio::pin!(now_and_then);
        loop {
            tokio::select! {
                biased;
                stopped = self.stopping.wait_for(|stopping| *stopping) => {
                    // An error means that the register is gone.
                    let _ = stopped;
                    return Err(RegisterError::Unavailable);
                }
                () = &mut now_and_then => return Ok(()),
                signal = self.signals.recv() => match signal {
                    Ok(Signal::Patron(id)) if Some(id) != patron => {}
                    Ok(Signal::Device(id)) if id != device => {}
                    Ok(Signal::Shelf(_)) => {}
                    // Also one who fell behind.
                    _ => return Ok(()),
                },
            }
        }
    }

    /// A change is told only after it stands in the audit trail; what the second look finds counts.
    async fn recorded(&self, seen: Look) -> Result<SessionStanding, RegisterError> {
        if seen.standing.ended {
            return Ok(seen.standing);
        }
        let deadline = Instant::now() + LOOK_LIMIT;
        Ok(self.register.look_recorded(&self.ask, deadline).await?.standing)
    }
}
