//! `PatronService.OpenWardSession`: a guardian handles the loans and holds of a ward, not by sharing its PIN (A53).

use super::{
    at_device::{Ask, Concluded, PatronChange, PatronDesk},
    settle_attempt::OpenedSession,
    wards::{self, InCare},
};
use crate::{Register, RegisterError, Rpc, audit::About};
use chrono::{DateTime, Utc};
use kortisto_domain::{CardState, Decision, Reason, authenticate};
use kortisto_store::{
    Engine, StoreError,
    entities::cards,
    queries::{
        changes::SessionRow,
        circulation_facts::{self, Key},
        dialect::{At, Hex},
        party::Party,
    },
};
use kortisto_vault::token_hash;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::time::Instant;

/// Cards of a ward that are looked at, the newest first: who has more in use uses the newest ones.
const CARDS_MAX: u64 = 10;

/// A guardian, and for whom.
#[derive(Debug, Clone)]
pub struct OpenWardSession {
    ask: Ask,
    relation_id: [u8; 8],
}

/// The session, or why there is none.
pub struct WardSession {
    /// The verdict.
    pub decision: Decision,
    /// The guardian's language, where the guardian is known.
    pub language: Option<String>,
    /// The token of the session and its end.
    pub session: Option<(SecretString, DateTime<Utc>)>,
}

/// The same, as it is kept: the token is derived from the session's id and kept nowhere.
#[derive(Serialize, Deserialize)]
pub(crate) struct Opened {
    decision: Decision,
    language: Option<String>,
    session: Option<OpenedSession>,
}

impl OpenWardSession {
    /// For the ward of the relation with this key.
    #[must_use]
    pub const fn new(ask: Ask, relation_id: i64) -> Self {
        Self { ask, relation_id: relation_id.to_be_bytes() }
    }
}

impl Register {
    /// Opens a session in which a guardian acts in a ward's place.
    ///
    /// # Errors
    /// [`RegisterError`]; a refusal is in the answer.
    pub async fn open_ward_session(
        self: &Arc<Self>,
        open: OpenWardSession,
        deadline: Instant,
    ) -> Result<WardSession, RegisterError> {
        let device = open.ask.caller.device_id;
        let Opened { decision, language, session } = self.patron_change(open, deadline).await?;
        let with_token = |session: OpenedSession| {
            (self.keys.session_token(session.id.as_bytes(), device), session.expires_at)
        };
        Ok(WardSession { decision, language, session: session.map(with_token) })
    }
}

impl PatronChange for OpenWardSession {
    const RPC: Rpc = Rpc::OpenWardSession;
    const ACTION: &'static str = "open_ward_session";
    const WITH_WARDS: bool = true;
    type Answer = Opened;

    fn ask(&self) -> &Ask {
        &self.ask
    }

    fn body(&self) -> Vec<&[u8]> {
        vec![&self.relation_id]
    }

    fn refused(decision: Decision, language: Option<String>) -> Opened {
        Opened { decision, language, session: None }
    }

    async fn apply(&self, desk: &mut PatronDesk<'_>) -> Result<Concluded<Opened>, RegisterError> {
        let (mut decision, mut session) = (desk.standing_alone(), None);
        if decision.is_granted() {
            match self.ward(desk).await? {
                None => decision = Decision::refused(Reason::NotInCare),
                Some(in_care) => {
                    let (of_card, card) = card_of(desk, &in_care).await?;
                    decision = of_card;
                    session = card.map(|party| open(desk, &in_care, &party)).transpose()?;
                    self.note_ward(desk, &in_care, &decision);
                }
            }
        }
        let language = Some(desk.party.language.clone());
        let answer = Opened { decision: decision.clone(), language, session };
        Ok(Concluded { decision, answer, about: About::default() })
    }
}

impl OpenWardSession {
    /// The ward of the relation, if the patron may act in its place today.
    async fn ward(&self, desk: &PatronDesk<'_>) -> Result<Option<InCare>, RegisterError> {
        let (relation_id, today) = (i64::from_be_bytes(self.relation_id), desk.moment.today());
        let end_age = desk.rulebook.policies.relations(today).guardian_end_age;
        let found = wards::in_care(desk.transaction, desk.party.patron_id, end_age, today).await?;
        Ok(found.into_iter().find(|ward| ward.relation_id == relation_id))
    }

    /// The row of the audit trail that is about the ward; that about the guardian is the operation's own.
    fn note_ward(&self, desk: &mut PatronDesk<'_>, in_care: &InCare, decision: &Decision) {
        let about = About {
            subject: Some(in_care.ward.pseudonym),
            request: Some(self.ask.request_id),
            ..About::default()
        };
        let (surroundings, at) = (&desk.register.surroundings, desk.moment.at());
        let row = about.row(surroundings, at, (&desk.device).into(), Self::ACTION, decision);
        desk.changes.audit.push(row);
    }
}

/// Whether a card of the ward opens a session here, and which: the newest that does.
async fn card_of(
    desk: &PatronDesk<'_>,
    in_care: &InCare,
) -> Result<(Decision, Option<Party>), RegisterError> {
    let mut refusal = None;
    for party in parties(desk, in_care.ward.id).await? {
        let (kind, branch) = (desk.device.kind, desk.device.branch_id);
        let decision = authenticate::decide(&party.card, &party.patron, kind, branch, &desk.moment);
        if decision.is_granted() {
            return Ok((decision, Some(party)));
        }
        refusal.get_or_insert(decision);
    }
    Ok((refusal.unwrap_or_else(|| Decision::refused(Reason::CardNotInForce)), None))
}

/// The ward with each card that is in use, the newest first.
async fn parties(desk: &PatronDesk<'_>, ward_id: i64) -> Result<Vec<Party>, RegisterError> {
    let transaction = desk.transaction;
    let cards = cards::Entity::find()
        .filter(cards::Column::PatronId.eq(ward_id))
        .filter(cards::Column::State.eq(CardState::Active.code()))
        .order_by_desc(cards::Column::Id)
        .limit(CARDS_MAX)
        .all(transaction)
        .await
        .map_err(StoreError::from)?;
    let key = |(ord, card): (i64, cards::Model)| Key {
        card: Some(card.number),
        ..Key::blank(ord, desk.moment.today())
    };
    let keys: Vec<Key> = (0..).zip(cards).map(key).collect();
    let mut found = circulation_facts::load(transaction, Engine::of(transaction), &keys).await?;
    found.sort_unstable_by_key(|facts| facts.ord);
    Ok(found.into_iter().filter_map(|facts| facts.party).collect())
}

/// Opens the session: it ends with the guardian's, and before if the guardian may act no longer.
fn open(desk: &mut PatronDesk<'_>, in_care: &InCare, party: &Party) -> Result<OpenedSession, RegisterError> {
    let (register, at) = (desk.register, desk.moment.at());
    let id = register.surroundings.new_id(at);
    let expires_at = desk.session.expires_at.min(desk.moment.start_of(in_care.until));
    let token = register.keys.session_token(id.as_bytes(), desk.device.id);
    let hash = token_hash(token.expose_secret())
        .ok_or(RegisterError::Internal("a session token has another form"))?;
    desk.changes.new_sessions.push(SessionRow {
        id,
        token_hash: Hex(hash.to_vec()),
        patron_id: party.patron_id,
        card_id: party.card_id,
        device_id: desk.device.id,
        started_at: At(at),
        expires_at: At(expires_at),
        ended_at: None,
        guardian_id: Some(desk.party.patron_id),
    });
    Ok(OpenedSession { id, expires_at })
}
