//! `PatronService.ListWards`: the wards in whose place the patron of a session may act (A53).

use super::wards::{self, InCare};
use crate::{
    Caller, Register, RegisterError, Rpc,
    devices::outside_lane::{Asking, record},
};
use kortisto_domain::{Decision, PatronState, names};
use sea_orm::DatabaseTransaction;
use std::sync::Arc;
use tokio::time::Instant;

/// Whose wards, and which page.
#[derive(Debug, Clone)]
pub struct ListWards {
    /// The device.
    pub caller: Caller,
    /// SHA-256 of the patron token.
    pub token_hash: [u8; 32],
    /// How many at most, 1 to 100.
    pub page_size: usize,
    /// The key of the last relation of the page before.
    pub after: Option<i64>,
}

/// A page of wards.
pub struct WardList {
    /// Refused when the session is over, and to a guardian who asks in a ward's place.
    pub decision: Decision,
    /// The patron's language.
    pub language: Option<String>,
    /// The wards of this page, in the order of their relations.
    pub wards: Vec<WardDetails>,
    /// The relation after which the next page begins; none on the last.
    pub next: Option<i64>,
}

/// A ward.
pub struct WardDetails {
    /// The key of the relation.
    pub relation_id: i64,
    /// The first given name.
    pub name: String,
}

impl From<&InCare> for WardDetails {
    fn from(InCare { relation_id, ward, .. }: &InCare) -> Self {
        Self { relation_id: *relation_id, name: names::first_given(&ward.given_names).to_owned() }
    }
}

impl Register {
    /// Lists the wards in whose place the patron of a session may act.
    ///
    /// # Errors
    /// [`RegisterError`]; a session that is over is a refusal in the answer.
    pub async fn list_wards(
        self: &Arc<Self>,
        ask: ListWards,
        deadline: Instant,
    ) -> Result<WardList, RegisterError> {
        let register = Arc::clone(self);
        self.store
            .unit_of_work("list_wards", deadline, move |transaction| {
                let (register, ask) = (Arc::clone(&register), ask.clone());
                Box::pin(async move { list(&register, &ask, transaction).await })
            })
            .await
    }
}

async fn list(
    register: &Register,
    ask: &ListWards,
    transaction: &DatabaseTransaction,
) -> Result<WardList, RegisterError> {
    let asking = Asking::load(register, transaction, &ask.caller, Some(&ask.token_hash), None).await?;
    let (decision, party) = asking.patron_alone(Rpc::ListWards)?;
    let subject = party.map(|party| party.pseudonym);
    record(register, transaction, &asking, "list_wards", &decision, subject).await?;
    let language = party.map(|party| party.language.clone());
    let Some(party) = party.filter(|_| decision.is_granted()) else {
        return Ok(WardList { decision, language, wards: Vec::new(), next: None });
    };
    let today = asking.moment.today();
    let end_age = register.rulebook_in(transaction).await?.policies.relations(today).guardian_end_age;
    let found = wards::in_care(transaction, party.patron_id, end_age, today).await?;
    // Of a ward whose record is restricted or over a device learns nothing.
    let shown = |ward: &&InCare| ward.ward.state == PatronState::Active.code();
    let rest =
        found.iter().filter(shown).filter(|ward| ask.after.is_none_or(|after| ward.relation_id > after));
    let mut page: Vec<WardDetails> = rest.take(ask.page_size + 1).map(WardDetails::from).collect();
    let more = page.len() > ask.page_size;
    page.truncate(ask.page_size);
    let next = page.last().filter(|_| more).map(|ward| ward.relation_id);
    Ok(WardList { decision, language, wards: page, next })
}
