//! Delivers what waits in the outbox (A57): takes a batch out, hands it out outside of any transaction, records what
//! became of it.
//!
//! What is promised, and what nobody can promise: docs/decisions/0016. A crash before the taking commits loses nothing;
//! a crash after it and before the record leaves the notice taken, and it is handed out once more when its lease is
//! over, under the same key.

use super::{
    Consignment, Delivery, Halt, Message,
    compose::{Composed, Composer},
    facts::NoticeFacts,
    outbox::{self, Outcome, Way},
};
use crate::{Register, RegisterError, jobs::JobOrder};
use chrono::TimeDelta;
use kortisto_domain::{
    NoticeChannel, NoticeReason, NoticeState,
    notices::retry::{NOT_TRIED_PAUSE, TRIES_MAX},
};
use kortisto_store::{StoreError, entities::notices};
use sea_orm::PaginatorTrait as _;
use std::{ops::AddAssign, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

/// Notices of one batch at most.
pub const DELIVERY_BATCH_MAX: u64 = 50;

/// For how long a notice is taken: longer than handing out a batch and recording it may take.
pub const LEASE: TimeDelta = TimeDelta::minutes(5);

/// How long handing out a batch may take; what is under way then is waited for as long again, and no longer.
const HANDING_OUT_LIMIT: Duration = Duration::from_secs(60);

/// For how long it is tried to record a batch, while the lease lasts, and the pause in between: a database that is away
/// for a moment must not make notices go out twice.
const RECORD_LIMIT: Duration = Duration::from_secs(120);
const RECORD_PAUSE: Duration = Duration::from_secs(2);

/// What became of the notices that were due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Handed out; in a dry run, those that are due.
    pub sent: u64,
    /// To be tried again later.
    pub later: u64,
    /// Given up.
    pub failed: u64,
    /// Not handed out, because what they were about is over or the patron wants none.
    pub dropped: u64,
    /// Not handed out, because nobody can be reached.
    pub undeliverable: u64,
    /// Whether nothing was left that was due.
    pub finished: bool,
}

impl AddAssign for Delivered {
    fn add_assign(&mut self, more: Self) {
        self.sent += more.sent;
        self.later += more.later;
        self.failed += more.failed;
        self.dropped += more.dropped;
        self.undeliverable += more.undeliverable;
        self.finished = more.finished;
    }
}

impl Delivered {
    fn count(&mut self, state: NoticeState) {
        match state {
            NoticeState::Waiting => self.later += 1,
            NoticeState::Sent => self.sent += 1,
            NoticeState::Failed => self.failed += 1,
            NoticeState::Dropped => self.dropped += 1,
            NoticeState::Undeliverable => self.undeliverable += 1,
        }
    }
}

impl Register {
    /// Delivers every notice that is due, in batches of at most [`DELIVERY_BATCH_MAX`]. Any number of servers may do so
    /// at once. A library that offers no channel at all leaves them waiting.
    ///
    /// When `halt` is called, no other batch and no other message is begun; it ends when those that are under way have
    /// an answer and the batch is recorded.
    ///
    /// # Errors
    /// [`RegisterError`] of the batch that failed; those before it stay done.
    pub async fn deliver_notices(
        self: &Arc<Self>,
        order: JobOrder,
        halt: &Halt,
    ) -> Result<Delivered, RegisterError> {
        if order.dry_run {
            return self.count_due().await;
        }
        let mut done = Delivered::default();
        if self.notices.couriers.is_empty() {
            return Ok(done);
        }
        while !done.finished && !halt.is_called() && Instant::now() < order.deadline {
            done += self.deliver_batch(order, halt).await?;
        }
        Ok(done)
    }

    async fn count_due(&self) -> Result<Delivered, RegisterError> {
        let due = outbox::due(self.surroundings.clock.now(), u64::MAX >> 1);
        let sent = due.count(self.store.readers()).await.map_err(StoreError::from)?;
        Ok(Delivered { sent, finished: true, ..Delivered::default() })
    }

    async fn deliver_batch(
        self: &Arc<Self>,
        order: JobOrder,
        halt: &Halt,
    ) -> Result<Delivered, RegisterError> {
        let now = self.surroundings.clock.now();
        let consignment = self.surroundings.new_id(now);
        let most = order.batch.clamp(1, DELIVERY_BATCH_MAX);
        let taken: Vec<notices::Model> = self
            .store
            .unit_of_work("take_notices", Instant::now() + order.batch_limit, move |transaction| {
                Box::pin(async move { outbox::take(transaction, consignment, now, most).await })
            })
            .await?;
        if taken.is_empty() {
            return Ok(Delivered { finished: true, ..Delivered::default() });
        }
        let taken = Arc::new(taken);
        let outcomes = Arc::new(self.hand_out(consignment, &taken, halt).await?);
        let mut done = self.record_batch(order, consignment, &taken, &outcomes).await?;
        done.finished = (taken.len() as u64) < most;
        Ok(done)
    }

    /// Hands out what was taken; gives what became of each, in their order.
    async fn hand_out(
        &self,
        consignment: Uuid,
        taken: &[notices::Model],
        halt: &Halt,
    ) -> Result<Vec<Outcome>, RegisterError> {
        let facts = NoticeFacts::load(self, self.store.readers(), taken).await?;
        let moment = self.surroundings.moment();
        let composer = Composer { facts: &facts, office: &self.notices, moment };
        let texts_wait = self.notices.sms_hours.wait(&moment);
        let mut outcomes = vec![Outcome::Later(None, NoticeReason::NoAnswer); taken.len()];
        let (mut letters, mut emails, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for (place, notice) in taken.iter().enumerate() {
            // One that is still there after its last try has ended a server each time.
            if notice.tries >= TRIES_MAX {
                continue;
            }
            let composed = match composer.compose(notice) {
                Ok(Ok(composed)) => composed,
                Ok(Err(reason)) => {
                    outcomes[place] = settled(reason);
                    continue;
                }
                // A row that cannot be must not stop the others.
                Err(error) => {
                    tracing::error!(%error, notice = %notice.id, "a notice cannot be composed");
                    outcomes[place] = settled(NoticeReason::Text);
                    continue;
                }
            };
            match composed.channel {
                NoticeChannel::Letter => letters.push((place, composed)),
                NoticeChannel::Email => emails.push((place, composed)),
                NoticeChannel::Sms | NoticeChannel::None => match texts_wait {
                    // Only here it is known that it goes by this channel. By the morning it may go by another one.
                    Some(pause) => outcomes[place] = Outcome::NotBegun(pause),
                    None => texts.push((place, composed)),
                },
            }
        }
        let until = Instant::now() + HANDING_OUT_LIMIT;
        let whole = Consignment { id: consignment, messages: Vec::new(), until, halt: halt.clone() };
        let handed = tokio::join!(
            self.hand_to(NoticeChannel::Letter, &whole, letters),
            self.hand_to(NoticeChannel::Email, &whole, emails),
            self.hand_to(NoticeChannel::Sms, &whole, texts),
        );
        for (place, outcome) in handed.0.into_iter().chain(handed.1).chain(handed.2) {
            outcomes[place] = outcome;
        }
        Ok(outcomes)
    }

    /// Hands out what of a consignment goes by one channel.
    async fn hand_to(
        &self,
        channel: NoticeChannel,
        whole: &Consignment,
        composed: Vec<(usize, Composed)>,
    ) -> Vec<(usize, Outcome)> {
        let (Some(courier), false) = (self.notices.couriers.of(channel), composed.is_empty()) else {
            return Vec::new();
        };
        let mut messages: Vec<Message> = Vec::with_capacity(composed.len());
        let mut ways = Vec::with_capacity(composed.len());
        for (place, notice) in composed {
            messages.push(notice.message);
            ways.push((place, Way { channel, person_id: notice.person_id }));
        }
        let consignment = Consignment { messages, ..whole.clone() };
        let carried = timeout(2 * HANDING_OUT_LIMIT, courier.deliver(&consignment)).await;
        let mut carried = carried.unwrap_or_default().into_iter();
        ways.into_iter()
            .map(|(place, way)| {
                let outcome = match carried.next().unwrap_or(Delivery::Later(NoticeReason::NoAnswer)) {
                    Delivery::Sent { proof } => Outcome::Sent(way, proof),
                    Delivery::Later(reason) => Outcome::Later(Some(way), reason),
                    Delivery::NotTried => Outcome::NotBegun(NOT_TRIED_PAUSE),
                    Delivery::Refused => Outcome::Refused(way),
                };
                (place, outcome)
            })
            .collect()
    }

    /// Records a batch, as often as it takes while the lease lasts.
    async fn record_batch(
        &self,
        order: JobOrder,
        consignment: Uuid,
        taken: &Arc<Vec<notices::Model>>,
        outcomes: &Arc<Vec<Outcome>>,
    ) -> Result<Delivered, RegisterError> {
        let now = self.surroundings.clock.now();
        let until = Instant::now() + RECORD_LIMIT;
        loop {
            let (taken, outcomes) = (Arc::clone(taken), Arc::clone(outcomes));
            let recorded = self
                .store
                .unit_of_work(
                    "record_notices",
                    until.min(Instant::now() + order.batch_limit),
                    move |transaction| {
                        let (taken, outcomes) = (Arc::clone(&taken), Arc::clone(&outcomes));
                        Box::pin(async move {
                            let mut done = Delivered::default();
                            for (notice, outcome) in taken.iter().zip(outcomes.iter()) {
                                let state =
                                    outbox::record(transaction, consignment, notice, outcome, now).await?;
                                state.into_iter().for_each(|state| done.count(state));
                            }
                            Ok(done)
                        })
                    },
                )
                .await;
            match recorded {
                Err(_) if Instant::now() + RECORD_PAUSE < until => sleep(RECORD_PAUSE).await,
                outcome => return outcome,
            }
        }
    }
}

/// What is recorded of a notice that is not handed out.
const fn settled(reason: NoticeReason) -> Outcome {
    match reason {
        NoticeReason::Over | NoticeReason::Unwanted | NoticeReason::Restricted => Outcome::Dropped(reason),
        // What cannot be put into words now may be mended by then.
        NoticeReason::Text => Outcome::Later(None, reason),
        NoticeReason::NoAddress
        | NoticeReason::Protected
        | NoticeReason::NoAnswer
        | NoticeReason::Refused => Outcome::Undeliverable(reason),
    }
}
