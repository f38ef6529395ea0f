//! One turn, and what every operation does alike: admit the device, answer a request id once, leave
//! an audit row.

use super::{
    operation::Reply,
    world::{Asked, CardEntry, PatronEntry, World},
};
use crate::{RegisterError, Rpc, Rulebook, Surroundings, audit::About, permissions, rulings::Asker};
use chrono::{DateTime, Duration, Utc};
use kortisto_domain::{
    Decision, DeviceState, HoldState, Moment, Reason, facts,
    reserve_pickup::{self, Reserved},
};
use kortisto_store::queries::{
    changes::{CertificateRow, Changes, RememberedRow},
    dialect::{At, Hex},
    item::Item,
    locks::Held,
    party::Device,
};
use sea_orm::DatabaseTransaction;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use uuid::Uuid;

/// A device's last-seen time is written at most this often.
const LAST_SEEN_STEP: Duration = Duration::seconds(60);

/// Why an operation has no reply in this turn.
pub(crate) enum Deferral {
    /// It never will have one.
    Error(RegisterError),
    /// Its facts do not hold any more, or one statement could not write it: decide in the next turn.
    NextTurn,
}

impl From<RegisterError> for Deferral {
    fn from(error: RegisterError) -> Self {
        Self::Error(error)
    }
}

/// One turn of a lane.
pub(crate) struct Turn {
    pub(crate) moment: Moment,
    pub(crate) rulebook: Arc<Rulebook>,
    pub(crate) surroundings: Surroundings,
    pub(crate) world: World,
    pub(crate) asked: Vec<Asked>,
    pub(crate) held: Held,
    pub(crate) changes: Changes,
    pub(crate) transaction: Option<DatabaseTransaction>,
}

/// A patron with a session or a card, in a turn.
pub(crate) struct Who {
    pub(crate) card_id: i64,
    pub(crate) card: CardEntry,
    pub(crate) patron: PatronEntry,
}

impl Turn {
    /// The facts that the operation at `index` asked about.
    pub(crate) fn asked(&self, index: usize) -> Asked {
        self.asked[index]
    }

    /// The asking device, if it is in force at this moment and may call this rpc (A5, A93).
    pub(crate) fn admit(
        &mut self,
        index: usize,
        rpc: Rpc,
        fingerprint: &[u8; 32],
    ) -> Result<Device, RegisterError> {
        let device = self
            .asked(index)
            .device
            .and_then(|id| self.world.devices.get(&id))
            .ok_or(RegisterError::DeviceUnknown)?
            .clone();
        admit(&device, rpc, &self.moment)?;
        let at = self.moment.at();
        if device.certificate_first_used_at.is_none() {
            let row =
                CertificateRow { fingerprint: Hex(fingerprint.to_vec()), device_id: device.id, at: At(at) };
            self.changes.certificates_first_used.insert(fingerprint.to_vec(), row);
        }
        if device.last_seen_at.is_none_or(|seen| at - seen >= LAST_SEEN_STEP) {
            self.changes.devices_seen.insert(device.id);
        }
        Ok(device)
    }

    /// The answer that was given under this request id, if any.
    pub(crate) fn replay(
        &self,
        device: &Device,
        request_id: Uuid,
        request_hash: &[u8],
        field: &'static str,
    ) -> Result<Option<Reply>, RegisterError> {
        let Some(remembered) = self.world.remembered.get(&(device.id, request_id)) else { return Ok(None) };
        if remembered.request_hash != request_hash {
            return Err(RegisterError::RequestIdReused { field });
        }
        serde_json::from_str(&remembered.answer)
            .map(Some)
            .map_err(|_| RegisterError::Internal("a remembered answer cannot be read"))
    }

    /// Keeps the answer for replays, in the transaction of its effects.
    pub(crate) fn remember(
        &mut self,
        device: &Device,
        request_id: Uuid,
        request_hash: Vec<u8>,
        reply: &Reply,
    ) {
        let answer = serde_json::to_string(reply).expect("replies are plain data");
        self.world.remembered.insert(
            (device.id, request_id),
            kortisto_store::queries::circulation_facts::Remembered {
                request_hash: request_hash.clone(),
                answer: answer.clone(),
            },
        );
        self.changes.remembered.push(RememberedRow {
            device_id: device.id,
            request_id,
            request_hash: Hex(request_hash),
            answer,
            at: At(self.moment.at()),
        });
    }

    /// The item as the rules see it.
    pub(crate) fn item_facts(&self, item: &Item) -> facts::Item {
        World::item_facts(item, &self.rulebook, self.moment.today())
    }

    /// Leaves the audit row of a decision, and gives its id.
    pub(crate) fn audit(
        &mut self,
        device: &Device,
        action: &'static str,
        decision: &Decision,
        about: About,
    ) -> Uuid {
        let row = about.row(&self.surroundings, self.moment.at(), device.into(), action, decision);
        let id = row.id;
        self.changes.audit.push(row);
        id
    }

    /// The patron whose token the operation carries, whether or not the session still runs: an answer
    /// already given may be repeated after it.
    pub(crate) fn token_holder(&self, index: usize) -> Option<Who> {
        self.asked(index).session?;
        self.card_holder(index)
    }

    /// The patron whose card the operation names.
    pub(crate) fn card_holder(&self, index: usize) -> Option<Who> {
        let card_id = self.asked(index).card?;
        let card = self.world.cards.get(&card_id)?.clone();
        let patron = self.world.patrons.get(&card.patron_id)?.clone();
        Some(Who { card_id, card, patron })
    }

    /// Whether the session of the token runs at this device at this moment.
    pub(crate) fn session_runs(&self, index: usize, device: &Device) -> bool {
        let patron = self.asked(index).card.and_then(|card| self.world.cards.get(&card));
        if patron.is_some_and(|card| self.changes.signed_out.contains(&card.patron_id)) {
            return false;
        }
        let session = self.asked(index).session.and_then(|id| self.world.sessions.get(&id));
        session.is_some_and(|session| {
            session.device_id == device.id
                && !session.guardian_id.is_some_and(|guardian| self.changes.signed_out.contains(&guardian))
                && session.ended_at.is_none()
                && self.moment.at() < session.expires_at
        })
    }

    /// Ends every session of a patron, those of this turn included.
    pub(crate) fn sign_out(&mut self, patron_id: i64) {
        let at = self.moment.at();
        self.changes.signed_out.insert(patron_id);
        for session in self.changes.new_sessions.iter_mut().filter(|session| session.patron_id == patron_id) {
            session.ended_at = Some(At(at));
        }
    }

    /// The patron as the rules are asked about them, at the branch of this device.
    pub(crate) fn asker<'a>(&'a self, who: &'a Who, device: &Device) -> Asker<'a> {
        Asker {
            card: &who.card.facts,
            patron: &who.patron.facts,
            patron_id: who.card.patron_id,
            card_id: who.card_id,
            branch: device.branch_id,
            rulebook: &self.rulebook,
            moment: &self.moment,
        }
    }

    /// The decision about what waits for a hold, given that somebody may be opening its compartment at another device.
    /// Whoever may not know of the hold learns nothing of it.
    pub(crate) fn unless_reserved(
        &self,
        device: &Device,
        decision: Decision,
        reserved: Option<(i64, DateTime<Utc>)>,
    ) -> Decision {
        let hidden = |reason: &Reason| matches!(reason, Reason::ItemHeld | Reason::HoldUnknown);
        let reserved = Reserved { state: HoldState::Ready, by: reserved };
        match reserve_pickup::reserve(&reserved, device.id, &self.moment) {
            Some(reason) if !decision.reasons().iter().any(hidden) => {
                Decision::from_reasons([decision.reasons(), &[reason]].concat())
            }
            _ => decision,
        }
    }

    /// Whether a refusal rests on an overdue loan that an earlier operation of this turn may have closed: the
    /// patron's own or a ward's. It is decided anew in the next turn, on newer facts.
    pub(crate) fn refusal_may_be_outdated(&self, who: &Who, decision: &Decision) -> bool {
        let of_loans = |reason: &Reason| matches!(reason, Reason::OverdueItems | Reason::WardBlocked);
        let closed = &self.world.loan_closed_of;
        !closed.is_empty()
            && decision.reasons().iter().any(of_loans)
            && concerned(who).any(|patron| closed.contains(&patron))
    }

    /// Whether a grant rests on what an earlier operation of this turn has changed: the loan of the item, or the debts of
    /// the patron or of a ward.
    pub(crate) fn grant_may_be_outdated(&self, who: &Who, item: &Item) -> bool {
        let charged = |patron| self.world.charged_late.get(&patron).is_some_and(|cents| *cents > 0);
        self.world.loan_changed.contains(&item.id) || concerned(who).any(charged)
    }

    /// Notes that a card was used today (A46).
    pub(crate) fn touch_patron(&mut self, who: &Who) {
        let today = self.moment.today();
        if who.patron.last_card_event_on.is_none_or(|day| day < today) {
            self.changes.patrons_seen.insert(who.card.patron_id);
        }
    }
}

/// The patron, and whoever is in the patron's care.
fn concerned(who: &Who) -> impl Iterator<Item = i64> {
    who.patron.facts.wards.iter().map(|ward| ward.patron).chain([who.card.patron_id])
}

/// Whether a device is in force and may call an rpc; shared with what runs outside a lane.
pub(crate) fn admit(device: &Device, rpc: Rpc, moment: &Moment) -> Result<(), RegisterError> {
    admit_device(device, moment)?;
    if permissions::may_call(device.kind, rpc) { Ok(()) } else { Err(RegisterError::RpcForbidden { rpc }) }
}

/// Whether a device is in force.
pub(crate) fn admit_device(device: &Device, moment: &Moment) -> Result<(), RegisterError> {
    match device.state {
        DeviceState::Active => {}
        DeviceState::Revoked => return Err(RegisterError::DeviceRevoked),
        DeviceState::Pending => return Err(RegisterError::DeviceUnknown),
    }
    // A connection outlives the handshake in which the certificate was checked.
    if device.certificate_dropped_at.is_some() || device.certificate_expires_at <= moment.at() {
        return Err(RegisterError::DeviceUnknown);
    }
    Ok(())
}

/// What identifies the body of a request under its request id. Each part carries its length, so two
/// bodies never run together.
pub(crate) fn request_hash(rpc: Rpc, parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in std::iter::once(rpc.name().as_bytes()).chain(parts.iter().copied()) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}
