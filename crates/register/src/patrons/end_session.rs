//! `PatronService.EndPatronSession`: the patron goes.

use crate::{
    Caller, Rpc,
    audit::About,
    desk::{Deferral, Reply, Turn, turn::request_hash},
};
use kortisto_domain::{Decision, DeviceKind};
use kortisto_store::queries::{changes::SessionEndRow, dialect::At};
use uuid::Uuid;

/// The session to end.
#[derive(Debug, Clone)]
pub struct EndSession {
    /// The device.
    pub caller: Caller,
    /// The device's id for this request.
    pub request_id: Uuid,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
}

impl EndSession {
    /// Decides within a turn. Ending a session that is over, or never was, is no error: the device only
    /// wants it gone.
    pub(crate) fn decide(&self, turn: &mut Turn, index: usize) -> Result<Reply, Deferral> {
        let device = turn.admit(index, Rpc::EndPatronSession, &self.caller.fingerprint)?;
        let hash = request_hash(Rpc::EndPatronSession, &[&self.token_hash]);
        if let Some(reply) = turn.replay(&device, self.request_id, &hash, "request_id")? {
            return Ok(reply);
        }
        let who = turn.token_holder(index);
        if turn.session_runs(index, &device) {
            let at = turn.moment.at();
            if let Some(session) = turn.asked(index).session.and_then(|id| turn.world.sessions.get_mut(&id)) {
                session.ended_at = Some(at);
                turn.changes.ended_sessions.push(SessionEndRow { id: session.id, ended_at: At(at) });
                // Whoever acts for a ward ends that alone, and whoever goes ends all of it.
                let is_own = session.guardian_id.is_none();
                if let Some(who) = who.as_ref().filter(|_| is_own && device.kind == DeviceKind::OnlineLibrary)
                {
                    turn.changes.wards_signed_out.insert(who.card.patron_id);
                }
            }
        }
        let about = About {
            subject: who.map(|who| who.patron.pseudonym),
            request: Some(self.request_id),
            ..About::default()
        };
        turn.audit(&device, "end_patron_session", &Decision::granted(), about);
        let reply = Reply::SessionEnded;
        turn.remember(&device, self.request_id, hash, &reply);
        Ok(reply)
    }
}
