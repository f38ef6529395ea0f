//! The facts about a caller for operations that run outside a lane, and their audit row.

use crate::{Caller, Register, RegisterError, Rpc, audit::About, desk::turn};
use chrono::TimeDelta;
use kortisto_domain::{Decision, DeviceKind, Moment, Reason, authenticate};
use kortisto_store::queries::{
    changes::{self, CertificateRow, Changes},
    circulation_facts::{self, Facts, Session},
    dialect::{At, Hex},
    party::{Device, Party},
};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use uuid::Uuid;

/// Who asks, at this moment.
pub(crate) struct Asking {
    pub(crate) moment: Moment,
    caller: Caller,
    request_id: Option<Uuid>,
    facts: Facts,
}

impl Asking {
    /// Loads device, session and remembered answer.
    pub(crate) async fn load(
        register: &Register,
        connection: &impl ConnectionTrait,
        caller: &Caller,
        token_hash: Option<&[u8; 32]>,
        request_id: Option<Uuid>,
    ) -> Result<Self, RegisterError> {
        let key = circulation_facts::Key {
            fingerprint: Hex(caller.fingerprint.to_vec()),
            request_id,
            token_hash: token_hash.map(|hash| Hex(hash.to_vec())),
            ..circulation_facts::Key::blank(0, register.surroundings.moment().today())
        };
        let facts = circulation_facts::load(connection, register.store.engine(), &[key])
            .await?
            .pop()
            .ok_or(RegisterError::Internal("the facts of a caller are missing"))?;
        Ok(Self { moment: register.surroundings.moment(), caller: *caller, request_id, facts })
    }

    /// The device, if it is in force and may call this rpc.
    pub(crate) fn admit(&self, rpc: Rpc) -> Result<&Device, RegisterError> {
        let device = self.facts.device.as_ref().ok_or(RegisterError::DeviceUnknown)?;
        turn::admit(device, rpc, &self.moment)?;
        Ok(device)
    }

    /// The device, if it is a desk in force.
    pub(crate) fn admit_desk(&self) -> Result<&Device, RegisterError> {
        let device = self.facts.device.as_ref().ok_or(RegisterError::DeviceUnknown)?;
        turn::admit_device(device, &self.moment)?;
        if device.kind == DeviceKind::Desk { Ok(device) } else { Err(RegisterError::DeskOnly) }
    }

    /// The patron of the token, whether or not the session still runs: an answer already given may be repeated.
    pub(crate) fn party(&self) -> Option<&Party> {
        self.facts.session.as_ref()?;
        self.facts.party.as_ref()
    }

    /// The patron of the token, if the session runs at this device.
    pub(crate) fn party_of_running_session(&self) -> Option<&Party> {
        let (session, device) = (self.facts.session.as_ref()?, self.facts.device.as_ref()?);
        let runs = session.device_id == device.id
            && session.ended_at.is_none()
            && self.moment.at() < session.expires_at;
        self.facts.party.as_ref().filter(|_| runs)
    }

    /// Whether what is for the patron alone may be asked here (A78), and the patron of the session if it runs.
    pub(crate) fn patron_alone(&self, rpc: Rpc) -> Result<(Decision, Option<&Party>), RegisterError> {
        let device = self.admit(rpc)?;
        let Some(party) = self.party_of_running_session() else {
            return Ok((Decision::refused(Reason::SessionEnded), None));
        };
        let decision = if self.guardian().is_some() {
            Decision::refused(Reason::PatronAlone)
        } else {
            // A card that was blocked or reported lost since ends what its session may see.
            authenticate::decide(&party.card, &party.patron, device.kind, device.branch_id, &self.moment)
        };
        Ok((decision, Some(party)))
    }

    /// The guardian who has opened the session of the token for a ward.
    pub(crate) fn guardian(&self) -> Option<i64> {
        self.session()?.guardian_id
    }

    /// The session of the token, whether or not it still runs.
    pub(crate) const fn session(&self) -> Option<&Session> {
        self.facts.session.as_ref()
    }

    /// The patron of the token, if the session runs at this device or would have ended by itself at most this long ago.
    pub(crate) fn party_of_session(&self, late: TimeDelta) -> Option<&Party> {
        if late.is_zero() {
            return self.party_of_running_session();
        }
        let (session, device) = (self.facts.session.as_ref()?, self.facts.device.as_ref()?);
        let counts = session.device_id == device.id && self.moment.at() < session.expires_at + late;
        self.facts.party.as_ref().filter(|_| counts)
    }

    /// Whether the request id has been answered, for whatever request.
    pub(crate) const fn has_answered(&self) -> bool {
        self.facts.remembered.is_some()
    }

    /// The answer to the request id, if there is one.
    pub(crate) fn remembered(&self, request_hash: &[u8]) -> Result<Option<&str>, RegisterError> {
        match &self.facts.remembered {
            None => Ok(None),
            Some(remembered) if remembered.request_hash == request_hash => Ok(Some(&remembered.answer)),
            Some(_) => Err(RegisterError::RequestIdReused { field: "request_id" }),
        }
    }
}

impl Asking {
    /// Notes the audit row of a decision, and that the device was there.
    pub(crate) fn note(
        &self,
        register: &Register,
        changes: &mut Changes,
        action: &'static str,
        decision: &Decision,
        about: About,
    ) -> Result<(), RegisterError> {
        let at = self.moment.at();
        let device = self.facts.device.as_ref().ok_or(RegisterError::DeviceUnknown)?;
        let about = About { request: self.request_id, ..about };
        changes.audit.push(about.row(&register.surroundings, at, device.into(), action, decision));
        changes.devices_seen.insert(device.id);
        if device.certificate_first_used_at.is_none() {
            let fingerprint = self.caller.fingerprint.to_vec();
            let row =
                CertificateRow { fingerprint: Hex(fingerprint.clone()), device_id: device.id, at: At(at) };
            changes.certificates_first_used.insert(fingerprint, row);
        }
        Ok(())
    }
}

/// Leaves the audit row of a call outside a lane, and notes that the device was there.
pub(crate) async fn record(
    register: &Register,
    transaction: &DatabaseTransaction,
    asking: &Asking,
    action: &'static str,
    decision: &Decision,
    subject: Option<Uuid>,
) -> Result<(), RegisterError> {
    let mut changes = Changes::default();
    asking.note(register, &mut changes, action, decision, About { subject, ..About::default() })?;
    let (at, today) = (asking.moment.at(), asking.moment.today());
    changes::apply(transaction, register.store.engine(), changes, at, today).await?;
    Ok(())
}
