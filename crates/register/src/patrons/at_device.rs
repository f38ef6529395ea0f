//! The one way of everything that the patron of a session changes at a device, outside the lanes.
//!
//! A lane is for what every kiosk does all day. What is asked now and then (a renewal, a hold, a payment) runs here, in
//! a unit of work that holds the patron's row, and therefore takes its turn with every lane.

use crate::{
    Caller, Register, RegisterError, Rpc, audit::About, desk::turn::request_hash,
    devices::outside_lane::Asking, rulings::Asker,
};
use chrono::TimeDelta;
use kortisto_domain::{Decision, Moment, Reason, authenticate};
use kortisto_store::{
    Engine, StoreError,
    queries::{
        changes::{self, Changes, RememberedRow},
        circulation_facts::Session,
        dialect::{At, Hex},
        locks,
        party::{Device, Party},
    },
};
use sea_orm::DatabaseTransaction;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Who asks, and under which id.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
}

/// Something that the patron of a session changes at a device.
pub(crate) trait PatronChange: Send + Sync + 'static {
    /// Its rpc.
    const RPC: Rpc;
    /// Its name in the audit trail.
    const ACTION: &'static str;
    /// Whether it changes something of the patron's wards, whose rows are then held too.
    const WITH_WARDS: bool = false;
    /// For how long a session that has ended still lets the device that opened it ask this.
    const AFTER_SESSION: TimeDelta = TimeDelta::zero();
    /// Whether it reports what has happened already, so that the end of the session does not make it untrue.
    const OUTLIVES_SESSION: bool = false;
    /// What it answers; kept for replays, so a field is never renamed, only added with a default.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// Who asks.
    fn ask(&self) -> &Ask;

    /// What makes two requests the same under one id, apart from the patron.
    fn body(&self) -> Vec<&[u8]>;

    /// The answer that changes nothing.
    fn refused(decision: Decision, language: Option<String>) -> Self::Answer;

    /// Decides, and notes what changes in [`PatronDesk::changes`] or writes it. An error rolls everything back; a
    /// refusal is an answer.
    fn apply(
        &self,
        desk: &mut PatronDesk<'_>,
    ) -> impl Future<Output = Result<Concluded<Self::Answer>, RegisterError>> + Send;
}

/// What came of it.
pub(crate) struct Concluded<A> {
    /// The verdict, for the audit trail.
    pub(crate) decision: Decision,
    /// The answer.
    pub(crate) answer: A,
    /// What it was about, apart from patron and request.
    pub(crate) about: About,
}

/// What such an operation works on: one transaction that holds the patron's row.
pub(crate) struct PatronDesk<'t> {
    pub(crate) register: &'t Register,
    pub(crate) transaction: &'t DatabaseTransaction,
    pub(crate) moment: Moment,
    pub(crate) device: Device,
    pub(crate) session: Session,
    pub(crate) party: Party,
    pub(crate) rulebook: Arc<crate::Rulebook>,
    /// Written with the audit row, in one statement for each table.
    pub(crate) changes: Changes,
}

impl PatronDesk<'_> {
    /// The patron as the rules are asked about them, at the branch of the device.
    pub(crate) fn asker(&self) -> Asker<'_> {
        Asker {
            card: &self.party.card,
            patron: &self.party.patron,
            patron_id: self.party.patron_id,
            card_id: self.party.card_id,
            branch: self.device.branch_id,
            rulebook: &self.rulebook,
            moment: &self.moment,
        }
    }

    /// Whether the card still does at this device what a sign-in needs: what happened to it since ends what its
    /// session may do.
    pub(crate) fn standing(&self) -> Decision {
        let (kind, branch) = (self.device.kind, self.device.branch_id);
        authenticate::decide(&self.party.card, &self.party.patron, kind, branch, &self.moment)
    }

    /// The same for what is for the patron alone, and for no guardian in a ward's place (A78).
    pub(crate) fn standing_alone(&self) -> Decision {
        if self.session.guardian_id.is_some() {
            return Decision::refused(Reason::PatronAlone);
        }
        self.standing()
    }

    /// Holds the items with these barcodes. They come after the patron in the order of locks, and before titles.
    pub(crate) async fn lock_items(
        &self,
        barcodes: impl IntoIterator<Item = String> + Send,
    ) -> Result<(), RegisterError> {
        let key = |barcode| locks::Key { barcode: Some(barcode), ..locks::Key::default() };
        let keys: Vec<_> = barcodes.into_iter().map(key).collect();
        if !keys.is_empty() {
            locks::take(self.transaction, Engine::of(self.transaction), &keys).await?;
        }
        Ok(())
    }
}

impl Register {
    /// Does something for the patron of a session.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal, also that the session is over, is in the answer.
    pub(crate) async fn patron_change<O: PatronChange>(
        self: &Arc<Self>,
        operation: O,
        deadline: Instant,
    ) -> Result<O::Answer, RegisterError> {
        let (register, operation) = (Arc::clone(self), Arc::new(operation));
        self.store
            .unit_of_work(O::ACTION, deadline, move |transaction| {
                let (register, operation) = (Arc::clone(&register), Arc::clone(&operation));
                Box::pin(async move { run(&register, &*operation, transaction).await })
            })
            .await
    }
}

async fn run<O: PatronChange>(
    register: &Register,
    operation: &O,
    transaction: &DatabaseTransaction,
) -> Result<O::Answer, RegisterError> {
    let Ask { caller, request_id, token_hash } = operation.ask();
    let engine = Engine::of(transaction);
    let held = if O::WITH_WARDS {
        locks::take_with_wards(transaction, engine, token_hash).await?
    } else {
        let key = locks::Key { token_hash: Some(Hex(token_hash.to_vec())), ..locks::Key::default() };
        locks::take(transaction, engine, &[key]).await?
    };
    let asking = Asking::load(register, transaction, caller, Some(token_hash), Some(*request_id)).await?;
    let device = asking.admit(O::RPC)?.clone();
    let Some((session, party)) = asking.session().cloned().zip(asking.party().cloned()) else {
        return over::<O>(register, &asking, transaction).await;
    };
    // The card has moved to another patron between the two, or a ward has come: the unit of work tries again.
    let wards_held = || party.patron.wards.iter().all(|ward| held.patron(ward.patron));
    if !held.patron(party.patron_id) || (O::WITH_WARDS && !wards_held()) {
        return Err(StoreError::Conflict.into());
    }
    let patron = party.patron_id.to_be_bytes();
    let hash = request_hash(O::RPC, &[vec![patron.as_slice()], operation.body()].concat());
    if let Some(answer) = asking.remembered(&hash)? {
        return serde_json::from_str(answer)
            .map_err(|_| RegisterError::Internal("a remembered answer cannot be read"));
    }
    if !O::OUTLIVES_SESSION && asking.party_of_session(O::AFTER_SESSION).is_none() {
        return over::<O>(register, &asking, transaction).await;
    }
    let (pseudonym, seen_on) = (party.pseudonym, party.last_card_event_on);
    let patron_id = party.patron_id;
    let mut desk = PatronDesk {
        register,
        transaction,
        moment: asking.moment,
        rulebook: register.rulebook_in(transaction).await?,
        device,
        session,
        party,
        changes: Changes::default(),
    };
    let Concluded { decision, answer, about } = operation.apply(&mut desk).await?;
    let (at, today) = (desk.moment.at(), desk.moment.today());
    let mut changes = desk.changes;
    if seen_on.is_none_or(|day| day < today) {
        changes.patrons_seen.insert(patron_id);
    }
    changes.remembered.push(RememberedRow {
        device_id: desk.device.id,
        request_id: *request_id,
        request_hash: Hex(hash),
        answer: serde_json::to_string(&answer)
            .map_err(|_| RegisterError::Internal("an answer cannot be kept"))?,
        at: At(at),
    });
    let about = About { subject: Some(pseudonym), ..about };
    asking.note(register, &mut changes, O::ACTION, &decision, about)?;
    changes::apply(transaction, engine, changes, at, today).await?;
    Ok(answer)
}

/// The session is over: not remembered, so that the device may repeat its request under the same id once the patron
/// has typed the PIN again.
async fn over<O: PatronChange>(
    register: &Register,
    asking: &Asking,
    transaction: &DatabaseTransaction,
) -> Result<O::Answer, RegisterError> {
    let decision = Decision::refused(Reason::SessionEnded);
    let mut changes = Changes::default();
    asking.note(register, &mut changes, O::ACTION, &decision, About::default())?;
    let (at, today) = (asking.moment.at(), asking.moment.today());
    changes::apply(transaction, Engine::of(transaction), changes, at, today).await?;
    Ok(O::refused(decision, None))
}
